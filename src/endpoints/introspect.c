/*
 * POST /oauth/introspect: whether a token is good, and what it says (RFC 7662); for clients with a
 * secret, about their own tokens and those that are for them, and if the client's row allows it,
 * about those of /api/token/. Of a token that is not good nothing is said, not even why.
 */
#include "endpoints/policy.h"
#include "endpoints/session.h"
#include "oidc/client_auth.h"
#include "oidc/introspection.h"
#include "oidc/oauth.h"

/* A token that belongs to no client: its client_id and scope are NULL. */
static enum verdict
read_unowned(const struct request *request, const struct context *context, struct bytes token,
    struct client_token *out)
{
	enum token_kind kind;
	enum wire judged = policy_unowned(request, context, token, &kind, &out->claims);

	if (judged != WIRE_OK)
		return judged == WIRE_UNAVAILABLE ? VERDICT_UNDECIDED : VERDICT_NO;
	out->refresh = kind == TOKEN_REFRESH;
	out->client_id = out->scope = NULL;
	return VERDICT_YES;
}

/* YES: a token that is good by itself and that the client may know of. */
static enum verdict
read_token(const struct request *request, const struct context *context,
    const struct client *client, struct bytes token, struct client_token *out)
{
	struct claims_context signing = context_claims(request, context);

	if (tokens_of_client(&signing, token, out))
		return introspection_allows(client, out) ? VERDICT_YES : VERDICT_NO;
	return client->introspect ? read_unowned(request, context, token, out) : VERDICT_NO;
}

/* Whether a refresh token could be used now; an older generation would end its session. */
static enum verdict
judge_refresh(const struct request *request, const struct context *context,
    const struct client_token *shown, const struct account *owner)
{
	const struct config *config = context->config;
	struct session_terms terms = session_password_terms(config);
	struct session session;

	if (shown->client_id != NULL)
		terms = session_client_terms(config, shown->client_id, true);
	if (!session_read(config, shown->claims, &session))
		return VERDICT_NO;
	/* One of before JWT_SESSIONS has none: what policy_unowned() found is all there is. */
	if (*session.sid == '\0')
		return VERDICT_YES;
	return sessions_judge(context->sessions, request->arena, &terms, owner->user_id, &session);
}

/* The owner and the session behind a token. */
static enum verdict
judge(struct request *request, const struct context *context, const struct client_token *shown,
    struct account *owner)
{
	switch (policy_owner(request, context, shown->claims, WANTED_ROW, owner)) {
	case OWNER_GOOD:
		return shown->refresh ? judge_refresh(request, context, shown, owner) : VERDICT_YES;
	case OWNER_UNDECIDED:
		return VERDICT_UNDECIDED;
	default:
		return VERDICT_NO;
	}
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct client client;
	struct bytes token;
	struct client_token shown;
	struct account owner;
	enum verdict verdict;
	struct reply reply =
	    client_auth_token(request, context->accounts, context->throttle, &client, &token);

	if (reply.status != 0)
		return reply;
	if (client.secret == NULL)
		return oauth_refuse(request, WIRE_OAUTH_CLIENT, NULL);
	verdict = read_token(request, context, &client, token, &shown);
	if (verdict == VERDICT_YES)
		verdict = judge(request, context, &shown, &owner);
	if (verdict == VERDICT_UNDECIDED)
		return oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	return oauth_answer(request,
	    verdict == VERDICT_YES
		? introspection_active(request->arena, context->config, &client, &shown, &owner)
		: introspection_inactive(request->arena));
}

const struct endpoint endpoint = {
    .name = "introspect",
    .allow = "POST, OPTIONS",
    .refuse = oauth_refuse,
    .start = context_open_clients,
    .check = context_check,
    .answer = answer,
};
