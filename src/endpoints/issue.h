/*
 * New tokens for an account.
 */
#pragma once

#include "endpoints/context.h"

/*
 * Makes new claims of that kind for an account and their signed token, which is not listed as
 * outstanding yet. session: NULL for a token without one. custom: the operator's claims, may be
 * NULL. Returns NULL if OpenSSL fails.
 */
const char *issue_token(const struct claims_context *, enum token_kind, const struct account *,
    const struct session *, struct json_object *custom, struct json_object **claims);

/*
 * The same for an account that has just logged in, with the claims of JWT_CLAIMS_QUERY. With
 * JWT_SESSIONS a refresh token begins a session; any other token is listed as outstanding where the
 * tables are used. Returns WIRE_OK, WIRE_NO_ACCOUNT if the account has changed since the password
 * was verified, WIRE_TOKEN_INVALID if the token's id does not fit the table, or WIRE_UNAVAILABLE.
 */
enum wire issue_login(const struct request *, const struct context *, enum token_kind,
    const struct account *, struct json_object **claims, const char **token);
