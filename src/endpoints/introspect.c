/*
 * POST /oauth/introspect: whether a token is active, and what it says (RFC 7662). For clients with
 * a secret: about their own tokens and those with the client as audience, and, if the client's row
 * allows it, about tokens of /api/token/. About any other token the answer is inactive, without a
 * reason.
 */
#include "endpoints/policy.h"
#include "endpoints/token_session.h"
#include "oidc/client_auth.h"
#include "oidc/oauth.h"
#include "oidc/scopes.h"
#include "oidc/tokens.h"

#include <string.h>

/* A token that belongs to no client: its client_id and scope are NULL. */
static enum verdict
read_token_of_site(const struct request *request, const struct context *context, struct bytes token,
    struct client_token *out)
{
	enum token_kind kind;
	enum wire judged = policy_token_of_site(request, context, token, &kind, &out->claims);

	if (judged != WIRE_OK)
		return judged == WIRE_UNAVAILABLE ? VERDICT_UNDECIDED : VERDICT_NO;
	out->refresh = kind == TOKEN_REFRESH;
	out->client_id = out->scope = NULL;
	return VERDICT_YES;
}

/* Whether a client may ask about a client's token: its own, or one with the client as aud. */
static bool
is_allowed(const struct client *client, const struct client_token *token)
{
	return strcmp(token->client_id, client->id) == 0 ||
	       json_is(json_member(token->claims, "aud"), client->id);
}

/* YES: the token itself is valid, and the client may ask about it. */
static enum verdict
read_token(const struct request *request, const struct context *context,
    const struct client *client, struct bytes token, struct client_token *out)
{
	struct claims_context signing = context_claims(request, context);

	if (tokens_of_client(&signing, token, out))
		return is_allowed(client, out) ? VERDICT_YES : VERDICT_NO;
	return client->introspect ? read_token_of_site(request, context, token, out) : VERDICT_NO;
}

/* Whether a refresh token would be accepted now. One of an older generation would not: to show it
 * at the token endpoint ends its session. */
static enum verdict
judge_refresh(const struct request *request, const struct context *context,
    const struct client_token *shown, const struct account *owner)
{
	const struct config *config = context->config;
	struct session_terms terms = session_password_terms(config);
	struct session session;

	if (shown->client_id != NULL)
		terms = session_client_terms(config, shown->client_id, true);
	if (!token_session_read(config, shown->claims, &session))
		return VERDICT_NO;
	/* A token from before JWT_SESSIONS has none; policy_token_of_site() has judged it. */
	if (*session.sid == '\0')
		return VERDICT_YES;
	return sessions_judge(context->sessions, request->arena, &terms, owner->user_id, &session);
}

/* Judges the owner and the session of a token. */
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

/* A third party is told the name if the user was asked, as at userinfo. */
static bool
may_know_name(const struct client *client, const struct client_token *token)
{
	return client->first_party || token->client_id == NULL ||
	       scopes_have(token->scope, "profile");
}

/* The members of RFC 7662 section 2.2 for an active token. */
static void
put_token(struct json_object *body, const struct config *config, const struct client *client,
    const struct client_token *token, const struct account *owner)
{
	static const char *const copied[] = {"exp", "iat", "aud", "iss"};
	struct json_object *claims = token->claims;

	if (token->client_id != NULL) {
		json_put_text(body, "scope", token->scope);
		json_put_text(body, "client_id", token->client_id);
	} else {
		/* Of no RFC: it tells a service a refresh token from an access token. */
		json_put(body, "token_use", json_member(claims, config->token_type_claim));
	}
	if (owner->name != NULL && may_know_name(client, token))
		json_put_text(body, "username", owner->name);
	json_put_text(body, "token_type", "Bearer");
	json_put_text(body, "sub", owner->user_id);
	for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
		if (json_has(claims, copied[i]))
			json_put(body, copied[i], json_member(claims, copied[i]));
	json_put(body, "jti", json_member(claims, config->jti_claim));
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct json_object *body = json_new_object(request->arena);
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
	json_put_bool(body, "active", verdict == VERDICT_YES);
	if (verdict == VERDICT_YES)
		put_token(body, context->config, &client, &shown, &owner);
	return oauth_answer(request, body);
}

const struct endpoint endpoint = {
    .name = "introspect",
    .allow = "POST, OPTIONS",
    .refuse = oauth_refuse,
    .start = context_open_clients,
    .check = context_check,
    .answer = answer,
};
