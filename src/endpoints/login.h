/*
 * A login with name and password: token and sliding answer it with different tokens.
 */
#ifndef ENDPOINTS_LOGIN_H
#define ENDPOINTS_LOGIN_H

#include "endpoints/context.h"

/* For an endpoint's start: context_open(), and what JWT_THROTTLE needs. */
struct context *login_open(const struct config *, const struct endpoint *);

/*
 * A login by the values of the fields name and password, in this order: a reply with status 0, new
 * claims of that kind and their signed token, listed as outstanding where the tables are used; or
 * the refusal.
 */
struct reply login_answer(struct request *, const struct context *, enum token_kind,
    struct json_object **claims, const char **token);

#endif
