#include "signing/claims.h"

#include "signing/jws.h"

#include <math.h>

#define YEAR_10000 253402300800 /* the end of Python's datetime */

/* Cut to whole seconds as by Python's int(), for which True is 1. */
bool
claims_time(struct json_object *claims, const char *name, int64_t *out)
{
	struct json_object *value = json_member(claims, name);
	double seconds;

	*out = json_is_true(value);
	if (json_kind(value) == JSON_BOOL)
		return true;
	if (!json_number(value, &seconds) || fabs(seconds) >= (double)YEAR_10000)
		return false;
	*out = (int64_t)seconds;
	return true;
}

/* If present, iat and nbf must be times that are not in the future (PyJWT 2.6 and later). */
static bool
has_begun(const struct claims_context *signing, struct json_object *claims, const char *name)
{
	int64_t seconds;

	return !json_has(claims, name) || (claims_time(claims, name, &seconds) &&
					      seconds <= signing->now + signing->config->leeway);
}

/* aud is our name, or a list of names that contains it (RFC 7519 section 4.1.3). */
static bool
is_for_us(struct json_object *audience, const char *name)
{
	bool found = false;

	if (json_kind(audience) != JSON_ARRAY)
		return json_is(audience, name);
	for (size_t i = 0; i < json_count(audience); i++) {
		if (json_kind(json_element(audience, i)) != JSON_STRING)
			return false;
		found = found || json_is(json_element(audience, i), name);
	}
	return found;
}

/* PyJWT 2.10 and later require a string; 2.6, which SimpleJWT 5.2 uses, does not check. */
static bool
is_text(const struct claims_context *signing, struct json_object *claims, const char *name)
{
	return signing->config->compat == COMPAT_5_2 || !json_has(claims, name) ||
	       json_kind(json_member(claims, name)) == JSON_STRING;
}

enum claims_fault
claims_read(const struct claims_context *signing, struct bytes token, struct json_object **out)
{
	const struct config *config = signing->config;
	struct json_object *claims;
	struct bytes payload;
	int64_t expires;

	if (!jws_verify(signing->arena, signing->keyring, signing->now, token, &payload) ||
	    !json_parse(signing->arena, payload, JSON_STRICT, &claims, NULL) ||
	    json_kind(claims) != JSON_OBJECT)
		return CLAIMS_INVALID;
	*out = claims;
	if (!has_begun(signing, claims, "iat") || !has_begun(signing, claims, "nbf"))
		return CLAIMS_INVALID;
	if (json_has(claims, "exp")) {
		if (!claims_time(claims, "exp", &expires))
			return CLAIMS_INVALID;
		if (expires <= signing->now - config->leeway)
			return CLAIMS_EXPIRED;
	}
	if (config->issuer != NULL && !json_is(json_member(claims, "iss"), config->issuer))
		return CLAIMS_INVALID;
	if (config->audience != NULL && !signing->any_audience &&
	    !is_for_us(json_member(claims, "aud"), config->audience))
		return CLAIMS_INVALID;
	if (!is_text(signing, claims, "sub") || !is_text(signing, claims, "jti"))
		return CLAIMS_INVALID;
	return CLAIMS_GOOD;
}

enum claims_fault
claims_check(const struct claims_context *signing, struct json_object *claims, enum token_kind kind)
{
	const struct config *config = signing->config;
	const char *type = config->token_type_claim;

	if (!json_has(claims, "exp"))
		return CLAIMS_NO_EXP;
	if (config->jti_claim != NULL && !json_has(claims, config->jti_claim))
		return CLAIMS_NO_ID;
	if (kind == TOKEN_UNTYPED)
		return CLAIMS_GOOD;
	/* Tokens issued in exchange would carry its iss, which must be a string. */
	if (kind != TOKEN_ACCESS && !is_text(signing, claims, "iss"))
		return CLAIMS_INVALID;
	if (!json_has(claims, type))
		return CLAIMS_NO_TYPE;
	return json_is(json_member(claims, type), claims_type(kind)) ? CLAIMS_GOOD
								     : CLAIMS_WRONG_TYPE;
}

/* A string or an integer as a C string: strict_check() refuses NUL. NULL for other values. */
static const char *
text_of(struct arena *arena, struct json_object *value)
{
	struct bytes text;

	if (json_kind(value) != JSON_STRING && json_kind(value) != JSON_INT)
		return NULL;
	text = json_text(arena, value);
	return arena_copy(arena, text.data, text.length);
}

const char *
claims_jti(const struct claims_context *signing, struct json_object *claims)
{
	const char *name = signing->config->jti_claim;

	return name == NULL ? NULL : text_of(signing->arena, json_member(claims, name));
}

/* The truth value that Python's bool() gives. */
static bool
is_true(struct json_object *value)
{
	double number;

	if (json_number(value, &number))
		return fpclassify(number) != FP_ZERO;
	return json_is_true(value) || json_string(value).length > 0 || json_count(value) > 0;
}

enum claims_user
claims_user(const struct claims_context *signing, struct json_object *claims, const char **out)
{
	struct json_object *user = json_member(claims, signing->config->user_id_claim);

	if (!json_has(claims, signing->config->user_id_claim))
		return CLAIMS_USER_NONE;
	if (!is_true(user))
		return CLAIMS_USER_FALSE;
	*out = text_of(signing->arena, user);
	return *out == NULL ? CLAIMS_USER_OTHER : CLAIMS_USER;
}
