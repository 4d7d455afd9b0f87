/*
 * POST /oauth/revoke: a client revokes a token (RFC 7009). An access token and a refresh token
 * belong to one session, which ends with either. A token that is invalid, has ended or is another
 * client's gets the same answer, 200 (section 2.2). A client that may introspect the tokens of
 * /api/token/ may revoke them too.
 */
#include "endpoints/outstanding.h"
#include "endpoints/policy.h"
#include "endpoints/token_session.h"
#include "oidc/client_auth.h"
#include "oidc/oauth.h"
#include "oidc/tokens.h"

#include <string.h>

#define CLOCK_SKEW 60 /* seconds by which the clocks of two hosts may differ */

/* Not outstanding_blacklist(), which signs the claims anew: this program has no private key, so it
 * lists the token's own text. */
static enum wire
blacklist(const struct request *request, const struct context *context, struct json_object *claims,
    struct bytes token)
{
	const char *text = arena_copy(request->arena, token.data, token.length);
	struct account owner;
	enum wire done = policy_find_owner(request, context, claims, &owner);

	if (done == WIRE_OK)
		done = outstanding_add(request, context, claims, text, owner.key);
	return done == WIRE_OK ? outstanding_end(request, context, claims) : done;
}

/* An access token without a session, from before JWT_SESSIONS, cannot be ended: it expires. */
static enum verdict
revoke_token_of_site(struct request *request, const struct context *context, struct bytes token)
{
	const struct config *config = context->config;
	struct json_object *claims;
	enum token_kind kind;
	enum wire done = policy_token_of_site(request, context, token, &kind, &claims);
	bool has_session;

	if (done != WIRE_OK)
		return done == WIRE_UNAVAILABLE ? VERDICT_UNDECIDED : VERDICT_NO;
	has_session = json_has(claims, config->session_id_claim);
	done = WIRE_TOKEN_BLACKLISTED;
	if (has_session || kind == TOKEN_REFRESH)
		done = token_session_end(request, context, claims, token);
	/* Last, because policy_token_of_site() refuses a blacklisted token: after an outage the
	 * client's next request must get this far again. */
	if (done != WIRE_UNAVAILABLE && !has_session && outstanding_takes(config, kind))
		done = blacklist(request, context, claims, token);
	if (done == WIRE_UNAVAILABLE)
		return VERDICT_UNDECIDED;
	return done == WIRE_OK ? VERDICT_YES : VERDICT_NO;
}

/* UNDECIDED: an outage. */
static enum verdict
revoke(struct request *request, const struct context *context, const struct client *client,
    struct bytes token)
{
	struct claims_context signing = context_claims(request, context);
	struct client_token shown;
	struct session session;

	if (!tokens_of_client(&signing, token, &shown))
		return client->introspect ? revoke_token_of_site(request, context, token)
					  : VERDICT_NO;
	if (strcmp(shown.client_id, client->id) != 0 ||
	    !token_session_read(context->config, shown.claims, &session))
		return VERDICT_NO;
	request->user_id = shown.user_id;
	return sessions_end(context->sessions, request->arena, shown.user_id, session.sid);
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct client client;
	struct bytes token;
	enum verdict verdict;
	struct reply reply =
	    client_auth_token(request, context->accounts, context->throttle, &client, &token);

	if (reply.status != 0)
		return reply;
	verdict = revoke(request, context, &client, token);
	if (verdict == VERDICT_UNDECIDED)
		return oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	return oauth_empty(request, verdict == VERDICT_YES ? "revoked" : "ok");
}

/*
 * Tokens are read with a larger leeway than elsewhere: by the clock of this host, a token that
 * another host has just issued may not be valid yet. It would be refused, and stay good after the
 * answer 200. Sessions keep JWT_LEEWAY: what a refresh would convert must be converted here too.
 */
static struct context *
start(const struct config *config, const struct endpoint *endpoint)
{
	static struct config lenient;
	struct context *context = context_open_clients(config, endpoint);

	lenient = *config;
	lenient.leeway += CLOCK_SKEW;
	if (context != NULL)
		context->config = &lenient;
	return context;
}

const struct endpoint endpoint = {
    .name = "revoke",
    .allow = "POST, OPTIONS",
    .refuse = oauth_refuse,
    .start = start,
    .check = context_check,
    .answer = answer,
};
