/*
 * POST /api/token/verify/: whether a token, of whatever kind, is valid.
 */
#include "accounts/blacklist.h"
#include "endpoints/policy.h"

/*
 * Whether the token's session has ended. An unknown owner has none; an inactive one, or a changed
 * password, does not count here. For a refresh token the database is always read.
 */
static enum wire
judge_session(struct request *request, struct context *context, struct json_object *claims)
{
	const struct config *config = context->config;
	bool refresh = json_is(json_member(claims, config->token_type_claim), "refresh");
	enum wanted wanted = refresh ? WANTED_ROW : WANTED_JUDGEMENT;
	struct account account = {.ended = false};

	if (context->sessions == NULL || !json_has(claims, config->session_id_claim))
		return WIRE_OK;
	switch (policy_owner(request, context, claims, wanted, &account)) {
	case OWNER_GOOD:
	case OWNER_INACTIVE:
	case OWNER_CHANGED:
		return account.ended ? WIRE_TOKEN_BLACKLISTED : WIRE_OK;
	case OWNER_UNDECIDED:
		return WIRE_UNAVAILABLE;
	default:
		return WIRE_TOKEN_BLACKLISTED;
	}
}

static struct reply
answer(struct request *request, struct context *context)
{
	const struct config *config = context->config;
	struct claims_context signing = context_claims(request, context);
	struct json_object *claims;
	enum wire why = policy_token(request, context, request->values[0], TOKEN_UNTYPED, &claims);
	const char *jti;

	if (why != WIRE_OK)
		return reply_refuse(request, why, NULL);
	why = judge_session(request, context, claims);
	if (why == WIRE_TOKEN_BLACKLISTED)
		return reply_non_field_error(request, "Token is blacklisted");
	if (why != WIRE_OK)
		return reply_refuse(request, why, NULL);
	jti = claims_jti(&signing, claims);
	/* SimpleJWT reads the blacklist here only where rotation writes it. */
	if (config->blacklist_after_rotation && jti != NULL) {
		enum verdict listed = blacklist_has(context->accounts, request->arena, jti);

		if (listed == VERDICT_UNDECIDED)
			return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
		if (listed == VERDICT_YES)
			return reply_non_field_error(request, "Token is blacklisted");
	}
	return reply_empty(request);
}

const struct endpoint endpoint = {
    .name = "verify",
    .allow = "POST, OPTIONS",
    .title = "Token Verify",
    .description = "Takes a token and indicates if it is valid.  This view provides no\n"
		   "information about a token's fitness for a particular use.",
    .fields = {{FIELD_TEXT, "token"}},
    .path = "/api/token/verify/",
    .schema = "TokenVerify",
    .start = context_open,
    .check = context_check,
    .answer = answer,
};
