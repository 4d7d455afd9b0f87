/*
 * The claims of a token (RFC 7519) as SimpleJWT writes and judges them.
 *
 * A token's claims are a JSON object whose members keep their order: a token made here is byte for
 * byte what Python would have made, and one made from another keeps every claim that it does not
 * know.
 */
#pragma once

#include "config/config.h"
#include "signing/keyring.h"
#include "json/json.h"

/* UNTYPED: any kind (SimpleJWT's UntypedToken), for verify. */
enum token_kind { TOKEN_ACCESS, TOKEN_REFRESH, TOKEN_SLIDING, TOKEN_UNTYPED };

/* What a token of that kind is called: in its token_type, "access"; and in SimpleJWT's settings and
 * answers, "AccessToken". */
const char *claims_type(enum token_kind);
const char *claims_class(enum token_kind);

/* What all functions here need; the arena is the request's. */
struct claims_context {
	struct arena *arena;
	const struct config *config;
	struct keyring *keyring;
	int64_t now;       /* seconds since the epoch */
	bool any_audience; /* JWT_AUDIENCE is not compared with aud */
};

/* New claims: token_type, exp, iat, jti (16 random bytes as hex), a sliding token's refresh_exp
 * too. NULL only if there is no randomness. */
struct json_object *claims_new(const struct claims_context *, enum token_kind);

/*
 * Puts the user id as that release of SimpleJWT writes it: before 5.5 a number where it is one.
 * integer: whether the id is one.
 */
void claims_put_user(
    const struct claims_context *, struct json_object *claims, const char *user_id, bool integer);

/* The same claims in an object of their own. */
struct json_object *claims_copy(const struct claims_context *, struct json_object *claims);

/*
 * New access claims with everything of a refresh token's claims that is not its own. With
 * JWT_SESSIONS they expire no later than these. NULL only if there is no randomness.
 */
struct json_object *claims_access(const struct claims_context *, struct json_object *refresh);

/* A new exp (and jti if new_jti) in old claims, counted from now; iat too. */
bool claims_renew(
    const struct claims_context *, struct json_object *claims, enum token_kind, bool new_jti);

/*
 * The signed token; aud and iss are put in. NULL if there are no claims, the library fails or,
 * after a line in the log, the token is longer than 4096 bytes with JWT_CLAIMS_QUERY.
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

/* Signature and times: CLAIMS_GOOD, CLAIMS_INVALID or CLAIMS_EXPIRED. Then *out is the object. */
enum claims_fault claims_read(
    const struct claims_context *, struct bytes token, struct json_object **out);

/* The checks behind the blacklist: exp, id and type are there and right. */
enum claims_fault claims_check(
    const struct claims_context *, struct json_object *claims, enum token_kind);

/* The token's own id as text; NULL if it has none or no string or integer. */
const char *claims_jti(const struct claims_context *, struct json_object *claims);

/* A time claim, seconds; false if it is missing or no time. */
bool claims_time(struct json_object *claims, const char *name, int64_t *out);

/*
 * The user that the token names. CLAIMS_USER: *out is the text of a user id as a database would
 * know it. CLAIMS_USER_FALSE: the claim is 0, null, false, "" or empty, which Python takes for
 * none.
 */
enum claims_user { CLAIMS_USER_NONE, CLAIMS_USER_FALSE, CLAIMS_USER_OTHER, CLAIMS_USER };
enum claims_user claims_user(
    const struct claims_context *, struct json_object *claims, const char **out);
