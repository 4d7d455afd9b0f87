/*
 * POST /oauth/token: exchanges an authorization code or a refresh token for tokens (RFC 6749
 * sections 4.1.3 and 6, OpenID Connect Core 1.0 sections 3.1.3 and 12).
 */
#include "accounts/codes.h"
#include "endpoints/policy.h"
#include "endpoints/token_session.h"
#include "oidc/client_auth.h"
#include "oidc/oauth.h"
#include "oidc/scopes.h"
#include "oidc/tokens.h"

#include <string.h>

enum { ID, SECRET, GRANT_TYPE, CODE, REDIRECT_URI, VERIFIER, REFRESH, SCOPE, PARAMETERS };

static struct reply
refuse(struct request *request, enum verdict verdict, enum wire no)
{
	return oauth_refuse(request, wire_of_verdict(verdict, no), NULL);
}

/* The code was redeemed before, perhaps by a thief: the session that it began ends (RFC 6749
 * section 4.1.2). */
static struct reply
refuse_replay(struct request *request, const struct context *context, const struct code *code)
{
	enum verdict ended =
	    sessions_end(context->sessions, request->arena, code->user_id, code->sid);
	struct reply reply =
	    refuse(request, ended == VERDICT_UNDECIDED ? ended : VERDICT_NO, WIRE_OAUTH_CODE);

	if (ended != VERDICT_UNDECIDED)
		reply.outcome = "code-replayed";
	return reply;
}

/*
 * code_redeem() comes last, so that an outage leaves the code good. After it only OpenSSL can fail.
 */
static struct reply
redeem(struct request *request, const struct context *context, const struct client *client,
    const struct code *code)
{
	struct claims_context signing = context_claims(request, context);
	struct session_terms terms = session_client_terms(
	    context->config, client->id, scopes_have(code->scopes, "offline_access"));
	struct session session = {.gen = 1};
	struct account owner;
	struct token_grant grant = {.owner = &owner,
	    .session = &session,
	    .client_id = client->id,
	    .audience = client->audience,
	    .id_token_alg = client->id_token_alg,
	    .scopes = code->scopes,
	    .scope = code->scopes,
	    .nonce = code->nonce,
	    .auth_time = code->auth_time};
	struct json_object *body;
	enum verdict taken;

	terms.sid = session.sid;
	if (!session_new_id(session.sid) || !tokens_can_sign(&signing, &grant))
		return oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	taken =
	    code_redeem(context->sessions, request->arena, code, &terms, &owner, &session.seconds);
	if (taken != VERDICT_YES)
		return refuse(request, taken, WIRE_OAUTH_CODE);
	body = tokens_answer(&signing, &grant);
	return body == NULL ? oauth_refuse(request, WIRE_UNAVAILABLE, NULL)
			    : oauth_answer(request, body);
}

static struct reply
exchange_code(struct request *request, const struct context *context, const struct parameter *given,
    const struct client *client)
{
	const struct code_use use = {.client_id = client->id,
	    .redirect_uri = given[REDIRECT_URI].value,
	    .challenge = tokens_challenge(request->arena, given[VERIFIER].value)};
	struct code code;
	enum verdict read;

	if (given[CODE].value == NULL)
		return oauth_refuse(request, WIRE_OAUTH_MISSING, "code");
	if (given[REDIRECT_URI].value == NULL)
		return oauth_refuse(request, WIRE_OAUTH_MISSING, "redirect_uri");
	read = code_read(context->sessions, request->arena, given[CODE].value, &use, &code);
	if (read != VERDICT_YES)
		return refuse(request, read, WIRE_OAUTH_CODE);
	request->user_id = code.user_id;
	return code.sid == NULL ? redeem(request, context, client, &code)
				: refuse_replay(request, context, &code);
}

/* Judges the owner of a refresh token. OWNER_ENDED passes: token_session_refresh() finds out
 * whether the session ended or the token is replayed. */
static enum verdict
judge_owner(struct request *request, const struct context *context, struct json_object *claims,
    struct account *owner)
{
	switch (policy_owner(request, context, claims, WANTED_ROW, owner)) {
	case OWNER_GOOD:
	case OWNER_ENDED:
		return VERDICT_YES;
	case OWNER_UNDECIDED:
		return VERDICT_UNDECIDED;
	default:
		return VERDICT_NO;
	}
}

/* Answers with the next generation of the session's tokens, whose keys are checked beforehand. */
static struct reply
next_tokens(struct request *request, const struct context *context, struct bytes token,
    struct json_object *shown, const struct token_grant *granted)
{
	const struct session_terms terms =
	    session_client_terms(context->config, granted->client_id, true);
	struct claims_context signing = context_claims(request, context);
	struct token_grant grant = *granted;
	struct session session;
	struct json_object *body = NULL;
	const char *outcome;
	struct reply reply;
	enum wire made;

	if (!tokens_can_sign(&signing, &grant))
		return oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	made = token_session_refresh(request, context, &terms, shown, token, &session, &outcome);
	grant.session = &session;
	if (made == WIRE_OK)
		body = tokens_answer(&signing, &grant);
	if (body != NULL)
		reply = oauth_answer(request, body);
	else if (made == WIRE_OK || made == WIRE_UNAVAILABLE)
		reply = oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	else
		reply = oauth_refuse(request, WIRE_OAUTH_REFRESH, NULL);
	if (outcome != NULL && reply.status != 503)
		reply.outcome = outcome;
	return reply;
}

static struct reply
refresh(struct request *request, const struct context *context, const struct parameter *given,
    const struct client *client)
{
	struct claims_context signing = context_claims(request, context);
	struct bytes token = bytes_of(given[REFRESH].value);
	struct client_token shown;
	struct account owner;
	struct token_grant grant;
	const char *granted, *scope;
	enum verdict judged;

	if (token.length == 0)
		return oauth_refuse(request, WIRE_OAUTH_MISSING, "refresh_token");
	if (!tokens_of_client(&signing, token, &shown) || !shown.refresh ||
	    strcmp(shown.client_id, client->id) != 0)
		return oauth_refuse(request, WIRE_OAUTH_REFRESH, NULL);
	/* Those of the login's scopes that the client may still have. */
	granted =
	    scopes_grant(request->arena, shown.scope, client->scopes, context->config->oidc_scopes);
	if (!scopes_have(granted, "offline_access"))
		return oauth_refuse(request, WIRE_OAUTH_REFRESH, NULL);
	scope = scopes_narrow(request->arena, granted, given[SCOPE].value);
	if (scope == NULL)
		return oauth_refuse(request, WIRE_OAUTH_SCOPE, NULL);
	judged = judge_owner(request, context, shown.claims, &owner);
	if (judged != VERDICT_YES)
		return refuse(request, judged, WIRE_OAUTH_REFRESH);
	grant = (struct token_grant){.owner = &owner,
	    .client_id = client->id,
	    .audience = client->audience,
	    .id_token_alg = client->id_token_alg,
	    .scopes = granted,
	    .scope = scope,
	    .auth_time = shown.auth_time};
	return next_tokens(request, context, token, shown.claims, &grant);
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct parameter given[PARAMETERS] = {[ID] = {.name = "client_id"},
	    [SECRET] = {.name = "client_secret"},
	    [GRANT_TYPE] = {.name = "grant_type"},
	    [CODE] = {.name = "code"},
	    [REDIRECT_URI] = {.name = "redirect_uri"},
	    [VERIFIER] = {.name = "code_verifier"},
	    [REFRESH] = {.name = "refresh_token", .maximum = OAUTH_TOKEN_MAXIMUM},
	    [SCOPE] = {.name = "scope"}};
	struct reply reply;
	struct client client;
	const char *type;

	reply =
	    client_auth(request, context->accounts, context->throttle, given, PARAMETERS, &client);
	if (reply.status != 0)
		return reply;
	type = given[GRANT_TYPE].value;
	if (type == NULL)
		return oauth_refuse(request, WIRE_OAUTH_MISSING, "grant_type");
	if (strcmp(type, "authorization_code") == 0)
		return exchange_code(request, context, given, &client);
	if (strcmp(type, "refresh_token") == 0)
		return refresh(request, context, given, &client);
	return oauth_refuse(request, WIRE_OAUTH_GRANT_TYPE, NULL);
}

const struct endpoint endpoint = {
    .name = "oauth_token",
    .allow = "POST, OPTIONS",
    .signs = true,
    .refuse = oauth_refuse,
    .start = context_open_clients,
    .check = context_check,
    .answer = answer,
};
