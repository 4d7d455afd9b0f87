#include "signing/claims.h"

#include "signing/jws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_10000 253402300800 /* where Python's datetime ends */

/* Whole seconds, as Python's int() makes them of a number (or of True, which is 1). */
static bool
read_time(const struct json *value, int64_t *out)
{
	double seconds;

	if (value == NULL)
		return false;
	if (value->type == JSON_BOOL) {
		*out = value->boolean;
		return true;
	}
	if (value->type == JSON_FLOAT) {
		char text[64];

		if (value->text.length >= sizeof(text))
			return false;
		memcpy(text, value->text.data, value->text.length);
		text[value->text.length] = '\0';
		seconds = strtod(text, NULL);
		if (!isfinite(seconds) || fabs(seconds) >= (double)YEAR_10000)
			return false;
		*out = (int64_t)seconds;
		return true;
	}
	return json_integer(value, out) && *out<YEAR_10000 && * out> - YEAR_10000;
}

bool
claims_time(const struct json *claims, const char *name, int64_t *out)
{
	return read_time(json_member(claims, name), out);
}

/* The claims of RFC 7519 section 4.1, found in one pass; all have names of three letters. */
enum registered { ISS, SUB, AUD, EXP, NBF, IAT, JTI, REGISTERED };
#define REGISTERED_LENGTH 3

static void
find_registered(const struct json *claims, const struct json **out)
{
	static const char names[REGISTERED][REGISTERED_LENGTH + 1] = {
	    "iss", "sub", "aud", "exp", "nbf", "iat", "jti"};

	for (const struct json *claim = claims->first; claim != NULL; claim = claim->next)
		for (size_t i = 0; claim->name.length == REGISTERED_LENGTH && i < REGISTERED; i++)
			if (memcmp(claim->name.data, names[i], REGISTERED_LENGTH) == 0)
				out[i] = claim;
}

/* iat and nbf, where present, are times and not in the future (PyJWT 2.6 on). */
static bool
has_begun(const struct claims_context *context, const struct json *value)
{
	int64_t seconds;

	return value == NULL ||
	       (read_time(value, &seconds) && seconds <= context->now + context->config->leeway);
}

static bool
is_string(const struct json *value, const char *text)
{
	return value != NULL && value->type == JSON_STRING && bytes_equal(value->text, text);
}

/* aud may be one name or a list of names, ours among them (RFC 7519 section 4.1.3). */
static bool
is_for_us(const struct json *audience, const char *name)
{
	bool found = false;

	if (audience == NULL || audience->type != JSON_ARRAY)
		return is_string(audience, name);
	for (const struct json *one = audience->first; one != NULL; one = one->next) {
		if (one->type != JSON_STRING)
			return false;
		found = found || is_string(one, name);
	}
	return found;
}

/* PyJWT 2.10 and later want these to be strings; 2.6, beside SimpleJWT 5.2, does not look. */
static bool
is_text(const struct claims_context *context, const struct json *value)
{
	return context->config->compat == COMPAT_5_2 || value == NULL || value->type == JSON_STRING;
}

enum claims_fault
claims_read(const struct claims_context *context, struct bytes token, struct json **out)
{
	const struct config *config = context->config;
	const struct json *found[REGISTERED] = {NULL};
	struct bytes payload;
	struct json *claims;
	int64_t expires;

	if (!jws_verify(context->arena, context->keyring, context->now, token, &payload))
		return CLAIMS_INVALID;
	claims = json_parse(context->arena, payload, JSON_STRICT, NULL);
	if (claims == NULL || claims->type != JSON_OBJECT)
		return CLAIMS_INVALID;
	*out = claims;
	find_registered(claims, found);
	if (!has_begun(context, found[IAT]) || !has_begun(context, found[NBF]))
		return CLAIMS_INVALID;
	if (found[EXP] != NULL) {
		if (!read_time(found[EXP], &expires))
			return CLAIMS_INVALID;
		if (expires <= context->now - config->leeway)
			return CLAIMS_EXPIRED;
	}
	if (config->issuer != NULL && !is_string(found[ISS], config->issuer))
		return CLAIMS_INVALID;
	if (config->audience != NULL && !is_for_us(found[AUD], config->audience))
		return CLAIMS_INVALID;
	if (!is_text(context, found[SUB]) || !is_text(context, found[JTI]))
		return CLAIMS_INVALID;
	return CLAIMS_GOOD;
}

enum claims_fault
claims_check(const struct claims_context *context, const struct json *claims, enum token_kind kind)
{
	const struct config *config = context->config;
	const struct json *type = json_member(claims, config->token_type_claim);

	if (json_member(claims, "exp") == NULL)
		return CLAIMS_NO_EXP;
	if (config->jti_claim != NULL && json_member(claims, config->jti_claim) == NULL)
		return CLAIMS_NO_ID;
	if (kind == TOKEN_UNTYPED)
		return CLAIMS_GOOD;
	/* What such a token is exchanged for would carry its iss, which must be a string. */
	if (kind != TOKEN_ACCESS && !is_text(context, json_member(claims, "iss")))
		return CLAIMS_INVALID;
	if (type == NULL)
		return CLAIMS_NO_TYPE;
	return is_string(type, token_type(kind)) ? CLAIMS_GOOD : CLAIMS_WRONG_TYPE;
}

/* As a C string; NULL for a text with a NUL inside, which equals nothing of a database. */
static const char *
text_of(struct arena *arena, const struct json *json)
{
	if ((json->type != JSON_STRING && json->type != JSON_INT) ||
	    memchr(json->text.data, '\0', json->text.length) != NULL)
		return NULL;
	return arena_copy(arena, json->text.data, json->text.length);
}

const char *
claims_jti(const struct claims_context *context, const struct json *claims)
{
	const char *name = context->config->jti_claim;
	const struct json *jti = name == NULL ? NULL : json_member(claims, name);

	return jti == NULL ? NULL : text_of(context->arena, jti);
}

/* What Python's bool() says of a value. */
static bool
is_true(const struct json *value)
{
	switch (value->type) {
	case JSON_NULL:
		return false;
	case JSON_BOOL:
		return value->boolean;
	case JSON_STRING:
		return value->text.length > 0;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return value->first != NULL;
	default:
		/* A number is 0 if it has no digit but 0 before its exponent. */
		for (size_t i = 0; i < value->text.length && (value->text.data[i] | 0x20) != 'e';
		     i++)
			if (value->text.data[i] >= '1' && value->text.data[i] <= '9')
				return true;
		return false;
	}
}

enum claims_user
claims_user(const struct claims_context *context, const struct json *claims, const char **out)
{
	const struct json *user = json_member(claims, context->config->user_id_claim);

	if (user == NULL)
		return CLAIMS_USER_NONE;
	if (!is_true(user))
		return CLAIMS_USER_FALSE;
	*out = text_of(context->arena, user);
	return *out == NULL ? CLAIMS_USER_OTHER : CLAIMS_USER;
}
