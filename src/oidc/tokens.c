#include "oidc/tokens.h"

#include "base/b64url.h"
#include "base/crypto.h"
#include "signing/jws.h"

#define VERIFIER_MINIMUM 43
#define VERIFIER_MAXIMUM 128
#define UNRESERVED       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

const char *
tokens_challenge(struct arena *arena, const char *verifier)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	size_t length = bytes_of(verifier).length;

	if (verifier == NULL)
		return NULL;
	if (length < VERIFIER_MINIMUM || length > VERIFIER_MAXIMUM ||
	    strspn(verifier, UNRESERVED) != length)
		return "";
	crypto_sha256(bytes_of(verifier), hash);
	return b64url_text(arena, (struct bytes){(char *)hash, sizeof(hash)});
}

/* A JSON string as text in the arena; NULL for "" and any other value. */
static const char *
copy_text(const struct claims_context *signing, struct json_object *value)
{
	struct bytes text = json_string(value);

	return text.length == 0 ? NULL : arena_copy(signing->arena, text.data, text.length);
}

static bool
is_of_issuer(const struct claims_context *signing, struct json_object *claims)
{
	return json_is(json_member(claims, "iss"), signing->config->oidc_issuer);
}

enum claims_fault
tokens_read(const struct claims_context *signing, struct bytes token, struct json_object **out)
{
	struct claims_context provider = *signing;

	provider.any_audience = true;
	return claims_read(&provider, token, out);
}

bool
tokens_describe(
    const struct claims_context *signing, struct json_object *claims, struct client_token *out)
{
	struct json_object *type = json_member(claims, signing->config->token_type_claim);

	if (claims_check(signing, claims, TOKEN_UNTYPED) != CLAIMS_GOOD ||
	    !is_of_issuer(signing, claims) ||
	    !json_has(claims, signing->config->session_id_claim) ||
	    claims_user(signing, claims, &out->user_id) != CLAIMS_USER ||
	    !claims_time(claims, "auth_time", &out->auth_time))
		return false;
	out->refresh = json_is(type, TOKENS_REFRESH_TYPE);
	out->client_id = copy_text(signing, json_member(claims, "client_id"));
	out->scope = copy_text(signing, json_member(claims, "scope"));
	out->claims = claims;
	return out->client_id != NULL && out->scope != NULL &&
	       (out->refresh || json_is(type, claims_type(TOKEN_ACCESS)));
}

bool
tokens_of_client(const struct claims_context *signing, struct bytes token, struct client_token *out)
{
	struct json_object *claims;

	return tokens_read(signing, token, &claims) == CLAIMS_GOOD &&
	       tokens_describe(signing, claims, out);
}

bool
tokens_hint(const struct claims_context *signing, const char *text, struct token_hint *out)
{
	struct json_object *claims;
	struct token_hint hint;
	struct bytes payload;
	int64_t auth_time;

	if (!jws_verify(signing->arena, signing->keyring, signing->now, bytes_of(text), &payload) ||
	    !json_parse(signing->arena, payload, JSON_STRICT, &claims, NULL) ||
	    !is_of_issuer(signing, claims) || !claims_time(claims, "auth_time", &auth_time) ||
	    json_has(claims, signing->config->token_type_claim))
		return false;
	hint.client_id = copy_text(signing, json_member(claims, "aud"));
	hint.user_id = copy_text(signing, json_member(claims, "sub"));
	if (hint.client_id == NULL || hint.user_id == NULL)
		return false;
	*out = hint;
	return true;
}
