/*
 * Makes and signs the tokens of OpenID Connect.
 */
#include "base/b64url.h"
#include "base/log.h"
#include "oidc/oauth.h"
#include "oidc/scopes.h"
#include "oidc/tokens.h"
#include "signing/jws.h"

#include <string.h>

/*
 * The key of access and refresh tokens: the same as for /api/token/, or, where that is a single key
 * beside a folder of keys, the folder's newest RSA key.
 */
static const struct key *
access_key(const struct claims_context *signing)
{
	const struct ring *ring = keyring_ring(signing->keyring);

	if (ring->single == NULL)
		return ring_signer(ring, signing->now);
	return ring_signer_of(ring, algorithm_find(bytes_of("RS256")), signing->now);
}

/* NULL, after a line in the log, if no active key is for the client's id_token_alg. */
static const struct key *
id_key(const struct claims_context *signing, const struct token_grant *grant)
{
	const struct algorithm *algorithm = algorithm_find(bytes_of(grant->id_token_alg));
	const struct key *key = NULL;

	if (algorithm != NULL)
		key = ring_signer_of(keyring_ring(signing->keyring), algorithm, signing->now);
	if (key == NULL)
		log_error("no active key for the id_token_alg %s of client %s",
		    log_quote(signing->arena, bytes_of(grant->id_token_alg)),
		    log_quote(signing->arena, bytes_of(grant->client_id)));
	return key;
}

bool
tokens_can_sign(const struct claims_context *signing, const struct token_grant *grant)
{
	return access_key(signing) != NULL &&
	       (!scopes_have(grant->scope, "openid") || id_key(signing, grant) != NULL);
}

static const char *
sign(const struct claims_context *signing, const struct key *key, const char *type,
    struct json_object *claims)
{
	struct buffer text = {.arena = signing->arena};

	if (key == NULL)
		return NULL;
	json_write(&text, claims, true);
	return jws_sign_with(signing->arena, key, type, buffer_bytes(&text));
}

/* sub is always a string (OpenID Connect Core 1.0 section 2). */
static void
put_user(const struct claims_context *signing, struct json_object *claims,
    const struct token_grant *grant)
{
	const char *name = signing->config->user_id_claim;

	if (strcmp(name, "sub") != 0)
		claims_put_user(
		    signing, claims, grant->owner->user_id, grant->owner->user_id_integer);
	if (signing->config->check_revoke_token)
		json_put_text(claims, signing->config->revoke_token_claim,
		    account_password_digest(signing->arena, grant->owner));
	json_put_text(claims, "sub", grant->owner->user_id);
}

/* The claims that access and refresh tokens share; NULL if there are no random numbers. */
static struct json_object *
new_claims(const struct claims_context *signing, enum token_kind kind,
    const struct token_grant *grant, const char *audience, const char *scope)
{
	const struct config *config = signing->config;
	struct json_object *claims = claims_new(signing, kind);

	if (claims == NULL)
		return NULL;
	put_user(signing, claims, grant);
	json_put_text(claims, config->session_id_claim, grant->session->sid);
	json_put_integer(claims, config->session_generation_claim, grant->session->gen);
	json_put_text(claims, "iss", config->oidc_issuer);
	json_put_text(claims, "aud", audience);
	json_put_text(claims, "client_id", grant->client_id);
	json_put_text(claims, "scope", scope);
	json_put_integer(claims, "auth_time", grant->auth_time);
	return claims;
}

static long
access_seconds(const struct claims_context *signing, const struct token_grant *grant)
{
	long seconds = signing->config->access_token_lifetime;

	return seconds < grant->session->seconds ? seconds : grant->session->seconds;
}

static const char *
sign_access(const struct claims_context *signing, const struct token_grant *grant)
{
	const char *audience =
	    grant->audience == NULL ? signing->config->oidc_audience : grant->audience;
	struct json_object *claims =
	    new_claims(signing, TOKEN_ACCESS, grant, audience, grant->scope);

	if (claims == NULL)
		return NULL;
	json_put_integer(claims, "exp", signing->now + access_seconds(signing, grant));
	return sign(signing, access_key(signing), "at+jwt", claims);
}

static const char *
sign_refresh(const struct claims_context *signing, const struct token_grant *grant)
{
	struct json_object *claims = new_claims(signing, TOKEN_REFRESH, grant,
	    oauth_url(signing->arena, signing->config, "/oauth/token"), grant->scopes);

	if (claims == NULL)
		return NULL;
	json_put_text(claims, signing->config->token_type_claim, TOKENS_REFRESH_TYPE);
	json_put_integer(claims, "exp", signing->now + grant->session->seconds);
	return sign(signing, access_key(signing), "JWT", claims);
}

/* at_hash is the left half of a hash of the access token; not every algorithm has such a hash. */
static void
put_at_hash(const struct claims_context *signing, struct json_object *claims, const struct key *key,
    const char *access_token)
{
	unsigned char hash[KEY_HASH_MAXIMUM];
	size_t length = key_hash(key, bytes_of(access_token), hash);

	if (length > 0)
		json_put_text(claims, "at_hash",
		    b64url_text(signing->arena, (struct bytes){(char *)hash, length / 2}));
}

static const char *
sign_id(
    const struct claims_context *signing, const struct token_grant *grant, const char *access_token)
{
	const struct key *key = id_key(signing, grant);
	struct json_object *claims = json_new_object(signing->arena);

	if (key == NULL)
		return NULL;
	json_put_text(claims, "iss", signing->config->oidc_issuer);
	json_put_text(claims, "sub", grant->owner->user_id);
	json_put_text(claims, "aud", grant->client_id);
	json_put_integer(claims, "exp", signing->now + signing->config->oidc_id_token_lifetime);
	json_put_integer(claims, "iat", signing->now);
	json_put_integer(claims, "auth_time", grant->auth_time);
	if (grant->nonce != NULL)
		json_put_text(claims, "nonce", grant->nonce);
	json_put_text(claims, "acr", "1");
	json_put_text(json_put_array(claims, "amr"), NULL, "pwd");
	put_at_hash(signing, claims, key, access_token);
	return sign(signing, key, "JWT", claims);
}

static bool
put_token(struct json_object *body, const char *name, const char *token)
{
	if (token != NULL)
		json_put_text(body, name, token);
	return token != NULL;
}

struct json_object *
tokens_answer(const struct claims_context *signing, const struct token_grant *grant)
{
	struct json_object *body = json_new_object(signing->arena);
	const char *access = sign_access(signing, grant);

	if (!put_token(body, "access_token", access))
		return NULL;
	json_put_text(body, "token_type", "Bearer");
	json_put_integer(body, "expires_in", access_seconds(signing, grant));
	json_put_text(body, "scope", grant->scope);
	if (scopes_have(grant->scope, "openid") &&
	    !put_token(body, "id_token", sign_id(signing, grant, access)))
		return NULL;
	if (scopes_have(grant->scopes, "offline_access") &&
	    !put_token(body, "refresh_token", sign_refresh(signing, grant)))
		return NULL;
	return body;
}
