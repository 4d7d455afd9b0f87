/*
 * Makes the claims of new tokens and signs them.
 */
#include "signing/claims.h"

#include "base/crypto.h"
#include "base/log.h"
#include "signing/jws.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_MAXIMUM \
	4096 /* bytes, with the operator's claims: web servers limit headers to 8 KiB */

static const struct {
	const char *type, *class;
} kinds[] = {
    [TOKEN_ACCESS] = {"access", "AccessToken"},
    [TOKEN_REFRESH] = {"refresh", "RefreshToken"},
    [TOKEN_SLIDING] = {"sliding", "SlidingToken"},
    [TOKEN_UNTYPED] = {"untyped", "UntypedToken"},
};

const char *
claims_type(enum token_kind kind)
{
	return kinds[kind].type;
}

const char *
claims_class(enum token_kind kind)
{
	return kinds[kind].class;
}

static int64_t
lifetime(const struct config *config, enum token_kind kind)
{
	if (kind == TOKEN_REFRESH)
		return config->refresh_token_lifetime;
	return kind == TOKEN_SLIDING ? config->sliding_token_lifetime
				     : config->access_token_lifetime;
}

/* Looks like uuid4().hex, but all of its 128 bits are random. */
static bool
set_jti(const struct claims_context *signing, struct json_object *claims)
{
	unsigned char random[CRYPTO_ID_BYTES];
	char hex[2 * sizeof(random)];

	if (signing->config->jti_claim == NULL)
		return true;
	if (!crypto_random(random, sizeof(random)))
		return false;
	bytes_to_hex(random, sizeof(random), hex);
	json_put_bytes(claims, signing->config->jti_claim, (struct bytes){hex, sizeof(hex)});
	return true;
}

struct json_object *
claims_new(const struct claims_context *signing, enum token_kind kind)
{
	const struct config *config = signing->config;
	struct json_object *claims = json_new_object(signing->arena);

	json_put_text(claims, config->token_type_claim, claims_type(kind));
	json_put_integer(claims, "exp", signing->now + lifetime(config, kind));
	json_put_integer(claims, "iat", signing->now);
	if (!set_jti(signing, claims))
		return NULL;
	if (kind == TOKEN_SLIDING)
		json_put_integer(claims, config->sliding_token_refresh_exp_claim,
		    signing->now + config->sliding_token_refresh_lifetime);
	return claims;
}

void
claims_put_user(const struct claims_context *signing, struct json_object *claims,
    const char *user_id, bool integer)
{
	const char *name = signing->config->user_id_claim;

	if (integer && signing->config->compat < COMPAT_5_5)
		json_put_integer(claims, name, strtoll(user_id, NULL, 10));
	else
		json_put_text(claims, name, user_id);
}

/* Whether an access token keeps its own claim of that name (SimpleJWT: no_copy_claims). */
static bool
is_own(const struct config *config, const char *name)
{
	return strcmp(name, config->token_type_claim) == 0 || strcmp(name, "exp") == 0 ||
	       strcmp(name, "jti") == 0 ||
	       (config->jti_claim != NULL && strcmp(name, config->jti_claim) == 0) ||
	       (strcmp(name, "iat") == 0 && config->compat >= COMPAT_5_5);
}

struct json_object *
claims_copy(const struct claims_context *signing, struct json_object *claims)
{
	struct json_object *copy = json_new_object(signing->arena);

	json_put_members(copy, claims);
	return copy;
}

struct json_object *
claims_access(const struct claims_context *signing, struct json_object *refresh)
{
	struct json_object *access = claims_new(signing, TOKEN_ACCESS);
	int64_t latest, exp;

	if (access == NULL)
		return NULL;
	for (struct json_entry e = json_first(refresh); e.name != NULL; json_next(&e))
		if (!is_own(signing->config, e.name))
			json_put(access, e.name, e.value);
	if (signing->config->sessions && claims_time(refresh, "exp", &latest) &&
	    claims_time(access, "exp", &exp) && exp > latest)
		json_put_integer(access, "exp", latest);
	return access;
}

bool
claims_renew(const struct claims_context *signing, struct json_object *claims, enum token_kind kind,
    bool new_jti)
{
	if (new_jti && !set_jti(signing, claims))
		return false;
	json_put_integer(claims, "exp", signing->now + lifetime(signing->config, kind));
	json_put_integer(claims, "iat", signing->now);
	return true;
}

const char *
claims_sign(const struct claims_context *signing, struct json_object *claims)
{
	const struct config *config = signing->config;
	struct buffer text = {.arena = signing->arena};
	const char *token;

	if (claims == NULL)
		return NULL;
	if (config->audience != NULL)
		json_put_text(claims, "aud", config->audience);
	if (config->issuer != NULL)
		json_put_text(claims, "iss", config->issuer);
	json_write(&text, claims, true);
	token = jws_sign(signing->arena, signing->keyring, signing->now, buffer_bytes(&text));
	if (token == NULL || config->claims_query == NULL || strlen(token) <= TOKEN_MAXIMUM)
		return token;
	log_error("JWT_CLAIMS_QUERY: a token of %zu bytes is refused; %d are allowed",
	    strlen(token), TOKEN_MAXIMUM);
	return NULL;
}
