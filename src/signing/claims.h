/*
 * The claims of a token (RFC 7519) as SimpleJWT writes and judges them.
 *
 * Claims are a JSON object whose members keep their order: a token made here has the bytes that
 * Python would have written, and a token made from another one keeps the claims unknown here.
 */
#pragma once

#include "config/config.h"
#include "signing/keyring.h"
#include "json/json.h"

/* TOKEN_UNTYPED: of any kind, as SimpleJWT's UntypedToken; for the endpoint verify. */
enum token_kind { TOKEN_ACCESS, TOKEN_REFRESH, TOKEN_SLIDING, TOKEN_UNTYPED };

/*
 * What a token of that kind is called: in its token_type, "access"; and in SimpleJWT's settings and
 * answers, "AccessToken".
 */
const char *claims_type(enum token_kind);
const char *claims_class(enum token_kind);

/* The arguments that all functions share. Results live in the arena, which is the request's. */
struct claims_context {
	struct arena *arena;
	const struct config *config;
	struct keyring *keyring;
	int64_t now;       /* seconds since the epoch */
	bool any_audience; /* JWT_AUDIENCE is not compared with aud */
};

/*
 * New claims: token_type, exp, iat, jti (16 random bytes as hex), and refresh_exp of a sliding
 * token. NULL only if there is no randomness.
 */
struct json_object *claims_new(const struct claims_context *, enum token_kind);

/*
 * Adds the user id as the configured release of SimpleJWT writes it: before 5.5 an integer id is a
 * JSON number. integer: whether it is one.
 */
void claims_put_user(
    const struct claims_context *, struct json_object *claims, const char *user_id, bool integer);

/* The same claims in a new object. */
struct json_object *claims_copy(const struct claims_context *, struct json_object *claims);

/*
 * New access claims, with all claims of a refresh token except those about that token itself. With
 * JWT_SESSIONS they expire no later than the refresh token. NULL only if there is no randomness.
 */
struct json_object *claims_access(const struct claims_context *, struct json_object *refresh);

/* Sets exp and iat, counted from now, and with new_jti a new jti. false: no randomness. */
bool claims_renew(
    const struct claims_context *, struct json_object *claims, enum token_kind, bool new_jti);

/*
 * Adds aud and iss, and returns the signed token. NULL if claims is NULL, OpenSSL fails or, after a
 * line in the log, the token with the claims of JWT_CLAIMS_QUERY is longer than 4096 bytes.
 */
const char *claims_sign(const struct claims_context *, struct json_object *claims);

/* Why claims are refused, in the order of the checks. */
enum claims_fault {
	CLAIMS_GOOD,
	CLAIMS_INVALID, /* shape, signature, iat, nbf, iss, aud */
	CLAIMS_EXPIRED,
	CLAIMS_NO_EXP,
	CLAIMS_NO_ID,
	CLAIMS_NO_TYPE,
	CLAIMS_WRONG_TYPE,
};

/*
 * Verifies signature, times, iss and aud: CLAIMS_GOOD, CLAIMS_INVALID or CLAIMS_EXPIRED. *out is
 * set unless invalid.
 */
enum claims_fault claims_read(
    const struct claims_context *, struct bytes token, struct json_object **out);

/* The checks that SimpleJWT makes after that of the blacklist: exp, id and type. */
enum claims_fault claims_check(
    const struct claims_context *, struct json_object *claims, enum token_kind);

/* The token's id as text; NULL if it is missing or neither a string nor an integer. */
const char *claims_jti(const struct claims_context *, struct json_object *claims);

/* A time claim in seconds since the epoch; false if it is missing or not a time. */
bool claims_time(struct json_object *claims, const char *name, int64_t *out);

/*
 * The user that the token names. CLAIMS_USER: *out is the user id as text. CLAIMS_USER_NONE: there
 * is no such claim. CLAIMS_USER_FALSE: it is 0, null, false, "" or empty, all false in Python.
 * CLAIMS_USER_OTHER: it cannot be an id.
 */
enum claims_user { CLAIMS_USER_NONE, CLAIMS_USER_FALSE, CLAIMS_USER_OTHER, CLAIMS_USER };
enum claims_user claims_user(
    const struct claims_context *, struct json_object *claims, const char **out);
