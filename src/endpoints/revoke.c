/*
 * POST /oauth/revoke: a client gives a token back (RFC 7009). Access and refresh token are of one
 * session, which ends with either. A token that is none, is over or is another client's is revoked
 * already: the answer is the same.
 */
#include "endpoints/context.h"
#include "endpoints/session.h"
#include "oidc/client_auth.h"
#include "oidc/oauth.h"
#include "oidc/tokens.h"

#include <string.h>

enum { ID, SECRET, TOKEN, HINT, PARAMETERS };

/* UNDECIDED: an outage. */
static enum verdict
revoke(struct request *request, const struct context *context, const struct client *client,
    struct bytes token)
{
	struct claims_context claims = context_claims(request, context);
	struct client_token shown;
	struct session session;

	if (!tokens_of_client(&claims, token, &shown) || strcmp(shown.client_id, client->id) != 0 ||
	    !session_read(context->config, shown.claims, &session))
		return VERDICT_NO;
	request->user = shown.user_id;
	return sessions_end(context->sessions, request->arena, shown.user_id, session.sid);
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct parameter given[PARAMETERS] = {[ID] = {.name = "client_id"},
	    [SECRET] = {.name = "client_secret"},
	    [TOKEN] = {.name = "token", .maximum = OAUTH_TOKEN_MAXIMUM},
	    [HINT] = {.name = "token_type_hint"}};
	struct reply reply = oauth_parameters(request, given, PARAMETERS);
	struct client client;
	enum verdict verdict;

	if (reply.status == 0)
		reply =
		    client_auth(request, context->accounts, &given[ID], &given[SECRET], &client);
	if (reply.status != 0)
		return reply;
	if (given[TOKEN].value == NULL)
		return oauth_refuse(request, WIRE_OAUTH_MISSING, given[TOKEN].name);
	verdict = revoke(request, context, &client, bytes_of(given[TOKEN].value));
	if (verdict == VERDICT_UNDECIDED)
		return oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	return oauth_empty(request, verdict == VERDICT_YES ? "revoked" : "ok");
}

const struct endpoint endpoint = {
    .name = "revoke",
    .allow = "POST, OPTIONS",
    .refuse = oauth_refuse,
    .start = context_open_oidc,
    .check = context_check,
    .answer = answer,
};
