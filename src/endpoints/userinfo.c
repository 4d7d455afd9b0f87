/*
 * GET and POST /oauth/userinfo: the claims about a user that the scopes of an access token give to
 * a client (OpenID Connect Core 1.0 section 5.3).
 */
#include "endpoints/custom.h"
#include "endpoints/policy.h"
#include "oidc/oauth.h"
#include "oidc/scopes.h"
#include "oidc/tokens.h"

#include <string.h>

/* Finds the token in the Authorization header or in a form (RFC 6750 sections 2.1 and 2.2), never
 * in the query. Returns WIRE_OK or the refusal. */
static enum wire
find_token(struct request *request, struct bytes *out)
{
	struct parameter given = {.name = "access_token", .maximum = OAUTH_TOKEN_MAXIMUM};
	bool is_post = request_is_post(request);
	enum header_found header = request_authorization(request, "Bearer", out);
	enum parameters_fault fault =
	    is_post ? parameters_of_body(request, &given, 1) : PARAMETERS_GOOD;

	if (header == HEADER_MALFORMED)
		return WIRE_OAUTH_HEADER;
	/* A body of another media type has no token. */
	if (fault != PARAMETERS_GOOD && fault != PARAMETERS_MEDIA_TYPE)
		return WIRE_OAUTH_BODY;
	if (given.repeated || (header == HEADER_FOUND && given.given))
		return WIRE_OAUTH_TWO_WAYS;
	if (given.too_long)
		return WIRE_OAUTH_TOKEN;
	if (header == HEADER_FOUND)
		return WIRE_OK;
	*out = bytes_of(given.value);
	return given.value == NULL ? WIRE_NOT_PROVIDED : WIRE_OK;
}

/*
 * Judges signature, type, session and owner, as for any protected resource; then whether it is a
 * client's token with the scope openid. *out is that token.
 */
static enum wire
judge(struct request *request, const struct context *context, struct bytes token,
    struct client_token *out, struct account *owner)
{
	struct claims_context signing = context_claims(request, context);
	struct json_object *claims;
	bool of_client, profile;

	if (tokens_read(&signing, token, &claims) != CLAIMS_GOOD ||
	    claims_check(&signing, claims, TOKEN_ACCESS) != CLAIMS_GOOD)
		return WIRE_OAUTH_TOKEN;
	of_client = tokens_describe(&signing, claims, out);
	profile = of_client && scopes_have(out->scope, "profile");
	switch (policy_owner(
	    request, context, claims, profile ? WANTED_ROW : WANTED_JUDGEMENT, owner)) {
	case OWNER_GOOD:
		break;
	case OWNER_UNDECIDED:
		return WIRE_UNAVAILABLE;
	default:
		return WIRE_OAUTH_TOKEN;
	}
	return of_client && scopes_have(out->scope, "openid") ? WIRE_OK : WIRE_OAUTH_SCOPE_MISSING;
}

/* The scope that gives a client this claim: the operator's own scope of the same name, if any. */
static const char *
scope_of(const struct config *config, const char *claim)
{
	if (strcmp(claim, "email") == 0 || strcmp(claim, "email_verified") == 0)
		return "email";
	return bytes_among(bytes_of(claim), config->oidc_scopes) ? claim : "profile";
}

/* Puts the row of JWT_OIDC_CLAIMS_QUERY, without what is null or empty. */
static enum wire
put_profile(struct request *request, const struct context *context, const char *scope,
    const struct account *owner, struct json_object *body)
{
	struct claims_context signing = context_claims(request, context);
	struct json_object *row;

	if (!custom_read(&signing, context->accounts, PROFILE, owner->user_id, &row))
		return WIRE_UNAVAILABLE;
	for (struct json_entry e = json_first(row); e.name != NULL; json_next(&e))
		if (!json_is(e.value, "") && scopes_have(scope, scope_of(context->config, e.name)))
			json_put(body, e.name, e.value);
	if (json_has(body, "email") && !json_has(body, "email_verified"))
		json_put_bool(body, "email_verified", false);
	return WIRE_OK;
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct json_object *body = json_new_object(request->arena);
	struct client_token shown;
	struct account owner;
	struct bytes token;
	enum wire judged = find_token(request, &token);

	if (judged == WIRE_OK)
		judged = judge(request, context, token, &shown, &owner);
	if (judged != WIRE_OK)
		return oauth_refuse_bearer(request, judged, NULL);
	json_put(body, "sub", json_member(shown.claims, "sub"));
	if (scopes_have(shown.scope, "profile") && owner.name != NULL)
		json_put_text(body, "preferred_username", owner.name);
	if (strcmp(shown.scope, "openid") != 0)
		judged = put_profile(request, context, shown.scope, &owner, body);
	if (judged != WIRE_OK)
		return oauth_refuse_bearer(request, judged, NULL);
	return oauth_answer(request, body);
}

const struct endpoint endpoint = {
    .name = "userinfo",
    .allow = "GET, POST, OPTIONS",
    .refuse = oauth_refuse_bearer,
    .start = context_open_oidc,
    .check = context_check,
    .answer = answer,
};
