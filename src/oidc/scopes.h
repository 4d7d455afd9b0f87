/*
 * Scopes of OAuth (RFC 6749 section 3.3): words separated by single spaces, in any order.
 */
#pragma once

#include "base/bytes.h"

/* Whether this scope is among the scopes, which may be NULL. */
bool scopes_have(const char *scopes, const char *scope);

/*
 * The client's scopes that are asked for, in the client's order; those that are not OpenID
 * Connect's must also be among the operator's. "" if none is left. Both lists end in NULL; asked
 * and operators may be NULL.
 */
const char *scopes_grant(
    struct arena *, const char *asked, const char *const *client, const char *const *operators);

/*
 * The scopes of a refresh (RFC 6749 section 6): the granted ones that are asked for, in the order
 * of `granted`; all of them if asked is NULL. NULL if one was not granted or none is asked for.
 */
const char *scopes_narrow(struct arena *, const char *granted, const char *asked);
