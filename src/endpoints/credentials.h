/*
 * A login with name and password, under the rate limit, and the token that it gets.
 */
#pragma once

#include "endpoints/context.h"

/*
 * Whether name and password are those of an active account, within the rate limit: WIRE_OK with
 * the account, WIRE_NO_ACCOUNT, WIRE_THROTTLED with the seconds to wait in *wait, or
 * WIRE_UNAVAILABLE.
 */
enum wire credentials_check(struct request *, const struct context *, struct bytes name,
    struct bytes password, struct account *out, long *wait);

/* With JWT_UPDATE_LAST_LOGIN stores the time of the login. WIRE_OK or WIRE_UNAVAILABLE. */
enum wire credentials_logged_in(
    const struct request *, const struct context *, const struct account *);

/*
 * Makes a signed token of that kind for an account, with its claims in *claims, as a login gets it
 * but not yet listed as outstanding. session: NULL for a token without one. custom: the operator's
 * claims, may be NULL. Returns NULL if OpenSSL fails.
 */
const char *credentials_token(const struct claims_context *, enum token_kind,
    const struct account *, const struct session *, struct json_object *custom,
    struct json_object **claims);

/* The result of a login, in the request's arena. */
struct login {
	struct json_object *claims; /* of the token */
	struct json_object *more;   /* what JWT_LOGIN_ANSWER_QUERY adds to the answer; or NULL */
	const char *token;          /* signed */
};

/*
 * Logs in with the request's first two fields, name and password. Returns status 0 with *out, whose
 * token is of that kind and listed as outstanding where the tables are used; or the refusal.
 */
struct reply credentials_answer(
    struct request *, const struct context *, enum token_kind, struct login *out);
