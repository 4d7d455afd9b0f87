/*
 * POST /oauth/introspect: whether a token is good, and what it says (RFC 7662); for clients with a
 * secret, about their own tokens and those that are for them. Of a token that is not good nothing
 * is said, not even why.
 */
#include "endpoints/policy.h"
#include "endpoints/session.h"
#include "oidc/client_auth.h"
#include "oidc/oauth.h"
#include "oidc/tokens.h"

#include <string.h>

enum { ID, SECRET, TOKEN, HINT, PARAMETERS };

/* Whether a client may know of a token. */
static bool
may_ask(const struct client *client, const struct client_token *shown)
{
	return strcmp(shown->client_id, client->id) == 0 ||
	       json_is(json_member(shown->claims, "aud"), client->id);
}

/* Whether a refresh token could be used now; an older generation would end its session. */
static enum verdict
judge_refresh(
    struct request *request, const struct context *context, const struct client_token *shown)
{
	const struct session_terms terms =
	    session_client_terms(context->config, shown->client_id, true);
	struct session session;

	if (!session_read(context->config, shown->claims, &session))
		return VERDICT_NO;
	return sessions_judge(context->sessions, request->arena, &terms, shown->user_id, &session);
}

/* The owner and the session behind a token. */
static enum verdict
judge(struct request *request, const struct context *context, const struct client_token *shown,
    struct account *owner)
{
	switch (policy_owner(request, context, shown->claims, WANTED_ROW, owner)) {
	case OWNER_GOOD:
		return shown->refresh ? judge_refresh(request, context, shown) : VERDICT_YES;
	case OWNER_UNDECIDED:
		return VERDICT_UNDECIDED;
	default:
		return VERDICT_NO;
	}
}

static void
put_token(struct json_object *body, const struct config *config, const struct client_token *shown,
    const struct account *owner)
{
	static const char *const copied[] = {"exp", "iat", "sub", "aud", "iss"};

	json_put_bool(body, "active", true);
	json_put_text(body, "scope", shown->scope);
	json_put_text(body, "client_id", shown->client_id);
	if (owner->name != NULL)
		json_put_text(body, "username", owner->name);
	json_put_text(body, "token_type", "Bearer");
	for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
		json_put(body, copied[i], json_member(shown->claims, copied[i]));
	json_put(body, "jti", json_member(shown->claims, config->jti_claim));
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct parameter given[PARAMETERS] = {[ID] = {.name = "client_id"},
	    [SECRET] = {.name = "client_secret"},
	    [TOKEN] = {.name = "token", .maximum = OAUTH_TOKEN_MAXIMUM},
	    [HINT] = {.name = "token_type_hint"}};
	struct claims_context claims = context_claims(request, context);
	struct reply reply = oauth_parameters(request, given, PARAMETERS);
	struct json_object *body = json_new_object(request->arena);
	enum verdict verdict = VERDICT_NO;
	struct client_token shown;
	struct account owner;
	struct client client;

	if (reply.status == 0)
		reply =
		    client_auth(request, context->accounts, &given[ID], &given[SECRET], &client);
	if (reply.status != 0)
		return reply;
	if (client.secret == NULL)
		return oauth_refuse(request, WIRE_OAUTH_CLIENT, NULL);
	if (given[TOKEN].value == NULL)
		return oauth_refuse(request, WIRE_OAUTH_MISSING, given[TOKEN].name);
	if (tokens_of_client(&claims, bytes_of(given[TOKEN].value), &shown) &&
	    may_ask(&client, &shown))
		verdict = judge(request, context, &shown, &owner);
	if (verdict == VERDICT_UNDECIDED)
		return oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	if (verdict == VERDICT_YES)
		put_token(body, context->config, &shown, &owner);
	else
		json_put_bool(body, "active", false);
	return oauth_answer(request, body);
}

const struct endpoint endpoint = {
    .name = "introspect",
    .allow = "POST, OPTIONS",
    .refuse = oauth_refuse,
    .start = context_open_oidc,
    .check = context_check,
    .answer = answer,
};
