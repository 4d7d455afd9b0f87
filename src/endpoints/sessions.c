/*
 * GET /api/sessions/: the user's sessions. DELETE /api/sessions/SID/: ends one of them.
 */
#include "db/query.h"
#include "endpoints/bearer.h"
#include "endpoints/token_session.h"

#include <string.h>

/* Columns of SESSION_LIST. */
enum { SID, CREATED, REFRESHED, EXPIRES, ADDRESS, AGENT, CLIENT };

/* text: NULL for a session that began without JWT_SESSION_DEVICE. */
static void
put_device(struct json_object *one, const char *name, const char *text)
{
	if (text == NULL)
		json_put(one, name, NULL);
	else
		json_put_text(one, name, text);
}

static void
put_session(struct json_object *list, const char *const *columns, const char *current)
{
	struct json_object *one = json_put_object(list, NULL);

	json_put_text(one, "sid", columns[SID]);
	json_put_text(one, "created_at", columns[CREATED]);
	json_put_text(one, "refreshed_at", columns[REFRESHED]);
	json_put_text(one, "expires_at", columns[EXPIRES]);
	json_put_bool(one, "current", strcmp(columns[SID], current) == 0);
	put_device(one, "address", columns[ADDRESS]);
	put_device(one, "agent", columns[AGENT]);
	if (columns[CLIENT] != NULL)
		json_put_text(one, "client", columns[CLIENT]);
}

static struct reply
list(struct request *request, const struct context *context)
{
	struct json_object *body = json_new_array(request->arena);
	struct session session;
	struct rows rows;

	if (sessions_list(context->sessions, request->arena, request->user_id, &rows) ==
	    VERDICT_UNDECIDED)
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	token_session_read(context->config, request->claims, &session);
	for (size_t row = 0; row < rows.count; row++)
		put_session(body, query_row(&rows, row), session.sid);
	return reply_value(request, body);
}

/* The last part of the path, without the query and slashes at the end. */
static struct bytes
last_part(const char *uri)
{
	size_t end, begin;

	if (uri == NULL)
		return (struct bytes){.length = 0};
	end = strcspn(uri, "?#");
	while (end > 0 && uri[end - 1] == '/')
		end--;
	for (begin = end; begin > 0 && uri[begin - 1] != '/'; begin--)
		continue;
	return (struct bytes){uri + begin, end - begin};
}

/* 404 for an ended session, another user's and a malformed id alike. */
static struct reply
end(struct request *request, const struct context *context, struct bytes sid)
{
	enum verdict ended = VERDICT_NO;

	if (session_is_id(sid))
		ended = sessions_end(context->sessions, request->arena, request->user_id,
		    arena_copy(request->arena, sid.data, sid.length));
	switch (ended) {
	case VERDICT_YES:
		return reply_status(204, "session-ended");
	case VERDICT_NO:
		return reply_refuse(request, WIRE_NOT_FOUND, NULL);
	default:
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	}
}

static bool
is_list(const struct request *request)
{
	return bytes_equal(last_part(request->uri), "sessions");
}

static struct reply
admit(struct request *request, struct context *context)
{
	request->allow = is_list(request) ? "GET, HEAD, OPTIONS" : "DELETE, OPTIONS";
	return bearer_admit_session(request, context);
}

static struct reply
answer(struct request *request, struct context *context)
{
	return is_list(request) ? list(request, context)
				: end(request, context, last_part(request->uri));
}

const struct endpoint endpoint = {
    .name = "sessions",
    .allow = "GET, DELETE, HEAD, OPTIONS",
    .title = "Sessions",
    .description = "Lists the user's sessions, and ends one of them.",
    .path = "/api/sessions/",
    .schema = "Session",
    .members = {{MEMBER_TEXT, "sid"}, {MEMBER_TIME, "created_at"}, {MEMBER_TIME, "refreshed_at"},
	{MEMBER_TIME, "expires_at"}, {MEMBER_BOOLEAN, "current"}, {MEMBER_NULLABLE, "address"},
	{MEMBER_NULLABLE, "agent"}, {MEMBER_OPTIONAL, "client"}},
    .item = "sid",
    .bearer = true,
    .start = context_open,
    .check = context_check,
    .admit = admit,
    .answer = answer,
};
