/*
 * POST /api/token/blacklist/: ends a refresh token.
 */
#include "endpoints/outstanding.h"
#include "endpoints/policy.h"
#include "endpoints/refresh_cookie.h"
#include "endpoints/token_session.h"

/* 404 without the tables, as on a Django site without the blacklist app. */
static struct reply
admit(struct request *request, struct context *context)
{
	if (!context->config->token_blacklist && context->sessions == NULL)
		return reply_refuse(request, WIRE_NOT_FOUND, NULL);
	return refresh_cookie_admit(request, context);
}

static enum wire
blacklist(struct request *request, struct context *context, struct json_object *claims)
{
	struct account owner;
	enum wire why = policy_find_owner(request, context, claims, &owner);

	return why == WIRE_OK ? outstanding_blacklist(request, context, claims, owner.key) : why;
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct json_object *claims;
	struct bytes token;
	bool from_cookie;
	struct reply reply = refresh_cookie_token(request, &token, &from_cookie);
	enum wire why;

	if (reply.status != 0)
		return reply;
	why = policy_token(request, context, token, TOKEN_REFRESH, &claims);
	if (why == WIRE_OK && context->sessions != NULL)
		why = token_session_end(request, context, claims, token);
	else if (why == WIRE_OK)
		why = blacklist(request, context, claims);
	reply = why == WIRE_OK ? reply_empty(request) : reply_refuse(request, why, NULL);
	if (from_cookie && reply.status != 503)
		refresh_cookie_clear(request, &reply);
	return reply;
}

const struct endpoint endpoint = {
    .name = "blacklist",
    .allow = "POST, OPTIONS",
    .title = "Token Blacklist",
    .description = "Takes a token and blacklists it. Must be used with the\n"
		   "`rest_framework_simplejwt.token_blacklist` app installed.",
    .fields = {{FIELD_COOKIE, "refresh"}},
    .path = "/api/token/blacklist/",
    .schema = "TokenBlacklist",
    .signs = true,
    .start = context_open,
    .check = context_check,
    .admit = admit,
    .answer = answer,
};
