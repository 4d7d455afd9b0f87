/*
 * POST /api/logout/: ends this session, the user's others, or all of them.
 */
#include "endpoints/bearer.h"
#include "endpoints/refresh_cookie.h"
#include "endpoints/token_session.h"

/* The first one is the default. */
static const char *const scopes[] = {"this", "others", "all", NULL};

/* sid: of the access token, "" if it has no session; then the scope "this" ends nothing. */
static enum verdict
end(const struct request *request, const struct context *context, struct bytes scope,
    const char *sid, long *count)
{
	bool has_session = *sid != '\0';
	enum verdict ended = VERDICT_NO;

	*count = 0;
	if (bytes_equal(scope, "others") || bytes_equal(scope, "all")) {
		const char *keep = bytes_equal(scope, "others") && has_session ? sid : NULL;

		ended = sessions_end_all(
		    context->sessions, request->arena, request->user_id, keep, count);
		/* A statement repeated after a lost connection counts only what was left. */
		if (ended == VERDICT_YES && keep == NULL && has_session && *count == 0)
			*count = 1;
		return ended;
	}
	if (has_session)
		ended = sessions_end(context->sessions, request->arena, request->user_id, sid);
	*count = ended == VERDICT_YES;
	return ended;
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct json_object *body = json_new_object(request->arena);
	struct bytes scope = request->values[0];
	struct session session;
	struct reply reply;
	long count;

	if (scope.length > 0 && !bytes_among(scope, scopes)) {
		const char *refusal = arena_printf(request->arena,
		    "\"%.*s\" is not a valid choice.", (int)scope.length, scope.data);

		json_put_text(json_put_array(body, "scope"), NULL, refusal);
		return reply_field_errors(request, body);
	}
	token_session_read(context->config, request->claims, &session);
	if (end(request, context, scope, session.sid, &count) == VERDICT_UNDECIDED)
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	json_put_integer(body, "ended", count);
	reply = reply_value(request, body);
	if (!bytes_equal(scope, "others"))
		refresh_cookie_clear(request, &reply);
	return reply;
}

const struct endpoint endpoint = {
    .name = "logout",
    .allow = "POST, OPTIONS",
    .title = "Logout",
    .description = "Ends the session of the access token, the user's other sessions, or all.",
    .fields = {{FIELD_OPTIONAL, "scope"}},
    .path = "/api/logout/",
    .schema = "Logout",
    .choices = scopes,
    .members = {{MEMBER_INTEGER, "ended"}},
    .bearer = true,
    .start = context_open,
    .check = context_check,
    .admit = bearer_admit_session,
    .answer = answer,
};
