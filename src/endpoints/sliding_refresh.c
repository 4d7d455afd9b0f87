/*
 * POST /api/token/sliding/refresh/: renews a sliding token.
 */
#include "endpoints/custom.h"
#include "endpoints/policy.h"

/* A claim of its own says until when a sliding token can be renewed. */
static enum wire
check_refresh_exp(
    const struct request *request, const struct config *config, struct json_object *claims)
{
	const char *name = config->sliding_token_refresh_exp_claim;
	int64_t until;

	if (!json_has(claims, name))
		return WIRE_TOKEN_NO_REFRESH_EXP;
	if (!claims_time(claims, name, &until))
		return WIRE_TOKEN_INVALID;
	return until <= request->now - config->leeway ? WIRE_TOKEN_REFRESH_EXPIRED : WIRE_OK;
}

static struct reply
answer(struct request *request, struct context *context)
{
	const struct config *config = context->config;
	struct claims_context signing = context_claims(request, context);
	struct account owner;
	struct json_object *claims;
	const char *token;
	enum wire why = policy_token(request, context, request->values[0], TOKEN_SLIDING, &claims);

	if (why == WIRE_OK)
		why = policy_renewal(
		    request, context, TOKEN_SLIDING, claims, WANTED_JUDGEMENT, &owner);
	if (why == WIRE_OK)
		why = check_refresh_exp(request, config, claims);
	if (why == WIRE_OK && !custom_refresh(&signing, context->accounts, &claims))
		why = WIRE_UNAVAILABLE;
	if (why != WIRE_OK)
		return reply_refuse(request, why, config->sliding_token_refresh_exp_claim);
	claims_renew(&signing, claims, TOKEN_SLIDING, false);
	token = claims_sign(&signing, claims);
	if (token == NULL)
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	return reply_object(request, "token", token, NULL);
}

const struct endpoint endpoint = {
    .name = "sliding_refresh",
    .allow = "POST, OPTIONS",
    .title = "Token Refresh Sliding",
    .description = "Takes a sliding JSON web token and returns a new, refreshed version if the\n"
		   "token's refresh period has not expired.",
    .fields = {{FIELD_TEXT, "token"}},
    .path = "/api/token/sliding/refresh/",
    .schema = "TokenRefreshSliding",
    .members = {{MEMBER_TEXT, "token"}},
    .signs = true,
    .start = context_open,
    .check = context_check,
    .answer = answer,
};
