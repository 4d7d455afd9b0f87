/*
 * POST /api/token/blacklist/: a refresh token that is not to be used any more.
 */
#include "endpoints/outstanding.h"
#include "endpoints/policy.h"
#include "endpoints/session.h"

/* Without the tables there is nothing here, as on a site without the blacklist app. */
static struct reply
admit(struct request *request, struct context *context)
{
	if (!context->config->token_blacklist && context->sessions == NULL)
		return reply_refuse(request, WIRE_NOT_FOUND, NULL);
	return (struct reply){.status = 0};
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
	enum wire why = policy_token(request, context, request->values[0], TOKEN_REFRESH, &claims);

	if (why == WIRE_OK && context->sessions != NULL)
		why = session_end(request, context, claims, request->values[0]);
	else if (why == WIRE_OK)
		why = blacklist(request, context, claims);
	return why == WIRE_OK ? reply_empty(request) : reply_refuse(request, why, NULL);
}

const struct endpoint endpoint = {
    .name = "blacklist",
    .allow = "POST, OPTIONS",
    .title = "Token Blacklist",
    .description = "Takes a token and blacklists it. Must be used with the\n"
		   "`rest_framework_simplejwt.token_blacklist` app installed.",
    .fields = {{FIELD_TEXT, "refresh"}},
    .signs = true,
    .start = context_open,
    .check = context_check,
    .admit = admit,
    .answer = answer,
};
