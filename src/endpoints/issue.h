/*
 * New tokens for an account.
 */
#pragma once

#include "endpoints/context.h"

/*
 * New claims of that kind for an account, and their signed token, which is listed nowhere yet;
 * NULL: OpenSSL has failed. session: NULL if it has none. custom: claims of the operator's own,
 * NULL if there are none.
 */
const char *issue_token(const struct claims_context *, enum token_kind, const struct account *,
    const struct session *, struct json_object *custom, struct json_object **claims);

/*
 * The same for an account that has just logged in, with the claims of JWT_CLAIMS_QUERY: a refresh
 * token has a session of its own with JWT_SESSIONS, other tokens are listed as outstanding where
 * the tables are used. WIRE_OK, WIRE_NO_ACCOUNT if the account has changed meanwhile,
 * WIRE_TOKEN_INVALID if the token's id does not fit, or WIRE_UNAVAILABLE.
 */
enum wire issue_login(const struct request *, const struct context *, enum token_kind,
    const struct account *, struct json_object **claims, const char **token);
