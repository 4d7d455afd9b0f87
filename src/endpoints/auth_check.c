/*
 * Whether a request may pass, for a web server that sends a subrequest before it answers: Nginx's
 * auth_request and FastCGI's role of an authorizer. Yes is 204 (200 to an authorizer, as its
 * specification wants it) with what is known of the user, no is 401; neither has a body. A user
 * without the permission that the web server names is refused with 403. An outage is 503: it is
 * never reported as a bad token.
 */
#include "accounts/permission.h"
#include "endpoints/auth_headers.h"
#include "endpoints/bearer.h"

/* What the client wrote, as ASCII: a byte that no text of the database has is no outage. */
static const char *
plain(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : auth_headers_encode(arena, text, '\0').data;
}

/* Status 0: the user has the permission, or the web server asks for none. */
static struct reply
judge_permission(struct request *request, const struct context *context, const char *user_id)
{
	bool is_told = request->path != NULL && *request->path != '\0';
	const char *path = is_told ? request->path : request->uri;
	struct permission asked = {.user_id = user_id,
	    .name = request->permission,
	    .path = plain(request->arena, path),
	    .method = plain(request->arena, request->method)};

	if (asked.name == NULL || *asked.name == '\0')
		return (struct reply){.status = 0};
	switch (permission_ask(context->accounts, request->arena, &asked)) {
	case VERDICT_YES:
		return (struct reply){.status = 0};
	case VERDICT_NO:
		return reply_refuse(request, WIRE_FORBIDDEN, NULL);
	default:
		return reply_status(503, "unavailable");
	}
}

static struct reply
decide(struct request *request, struct context *context)
{
	struct claims_context signing = context_claims(request, context);
	struct account account;
	struct reply reply = bearer_judge(request, context, WANTED_JUDGEMENT, &account);

	if (reply.status != 0)
		return reply_status(reply.status, reply.outcome);
	reply = judge_permission(request, context, account.user_id);
	if (reply.status != 0)
		return reply;
	reply = reply_status(request->authorizer ? 200 : 204, "ok");
	auth_headers_put(&signing, request, &reply, &account, request->claims);
	return reply;
}

const struct endpoint endpoint = {
    .name = "auth_check",
    .title = "Auth check",
    .description = "",
    .start = context_open,
    .check = context_check,
    .decide = decide,
};
