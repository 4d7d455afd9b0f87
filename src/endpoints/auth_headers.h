/*
 * What auth_check tells the web server of a user: headers X-Auth-... for auth_request, variables
 * AUTH_... for an authorizer.
 */
#pragma once

#include "accounts/accounts.h"
#include "http/reply.h"
#include "http/request.h"
#include "signing/claims.h"

/*
 * Puts user id, name, token id, the claims as JSON, and the claims of JWT_CLAIMS_HEADERS one by
 * one. A value that is too long is left out: half of one would be another.
 */
void auth_headers_put(const struct claims_context *, struct request *, struct reply *,
    const struct account *, struct json_object *claims);

/* Visible ASCII as it is, all else and `also` as %XX: no value can begin another header. */
struct bytes auth_headers_encode(struct arena *, const char *text, char also);
