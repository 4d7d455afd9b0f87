#include "endpoints/bearer.h"

#include "http/authorization.h"

#include <string.h>

/* Tries the configured kinds of token in turn; all refusals are told. */
static struct reply
read_token(struct request *request, const struct context *context, struct bytes token,
    struct json **claims)
{
	const char *const *class = context->config->auth_token_classes;
	struct token_refusal refusals[2];
	size_t count = 0;

	for (; *class != NULL && count < 2; class ++) {
		bool sliding = strcmp(*class, token_class(TOKEN_SLIDING)) == 0;
		enum token_kind kind = sliding ? TOKEN_SLIDING : TOKEN_ACCESS;
		enum wire why = gate_token(request, context, token, kind, claims);

		if (why == WIRE_OK)
			return (struct reply){.status = 0};
		if (why == WIRE_UNAVAILABLE)
			return reply_refuse(request, why, NULL);
		refusals[count++] =
		    (struct token_refusal){token_class(kind), token_type(kind), why};
	}
	return reply_given_token(request, refusals, count);
}

static enum wire
find_account(struct request *request, const struct context *context, const struct json *claims,
    struct account *out)
{
	const struct config *config = context->config;
	struct claims_context judged = context_claims(request, context);
	const char *user_id;

	switch (claims_user(&judged, claims, &user_id)) {
	case CLAIMS_USER_NONE:
	case CLAIMS_USER_OTHER:
		return WIRE_NO_USER_ID;
	case CLAIMS_USER_FALSE:
		return WIRE_USER_NOT_FOUND;
	case CLAIMS_USER:
		break;
	}
	switch (account_find(context->accounts, request->arena, user_id, out)) {
	case VERDICT_UNDECIDED:
		return WIRE_UNAVAILABLE;
	case VERDICT_NO:
		return WIRE_USER_NOT_FOUND;
	case VERDICT_YES:
		break;
	}
	request->user = out->user_id;
	if (config->check_user_is_active && !out->active)
		return WIRE_USER_INACTIVE;
	if (config->check_revoke_token && !gate_password_unchanged(request, context, claims, out))
		return WIRE_PASSWORD_CHANGED;
	return WIRE_OK;
}

struct reply
bearer_admit(struct request *request, const struct context *context, struct json **claims,
    struct account *out)
{
	struct bytes token;
	struct reply reply;
	enum wire judged = authorization_token(request, &token);

	if (judged != WIRE_OK)
		return reply_refuse(request, judged, NULL);
	reply = read_token(request, context, token, claims);
	if (reply.status != 0)
		return reply;
	judged = find_account(request, context, *claims, out);
	return judged == WIRE_OK ? reply : reply_refuse(request, judged, NULL);
}
