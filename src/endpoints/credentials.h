/*
 * A login with name and password, under the rate limit.
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

/* Notes when the user logged in, with JWT_UPDATE_LAST_LOGIN: WIRE_OK or WIRE_UNAVAILABLE. */
enum wire credentials_logged_in(
    const struct request *, const struct context *, const struct account *);

/* What a login comes to, in the request's arena. */
struct login {
	struct json_object *claims;
	const char *token; /* of these claims, signed */
	struct json_object
	    *more; /* what JWT_LOGIN_ANSWER_QUERY adds to the answer; NULL: nothing */
};

/*
 * A login by the values of the fields name and password, in this order: a reply with status 0 and
 * *out with a token of that kind, listed as outstanding where the tables are used; or the refusal.
 */
struct reply credentials_answer(
    struct request *, const struct context *, enum token_kind, struct login *out);
