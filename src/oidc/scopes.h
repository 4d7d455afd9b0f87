/*
 * Scopes of OAuth (RFC 6749 section 3.3): words with one space between them, without an order.
 */
#pragma once

#include "base/bytes.h"

/* Whether the scopes have this one. scopes: NULL has none. */
bool scopes_have(const char *scopes, const char *scope);

/*
 * The scopes of the client that are asked for, in the client's order. All but those of OpenID
 * Connect must also be among the operator's. Both lists end in NULL; asked and operators may be
 * NULL. "" if none is left.
 */
const char *scopes_grant(
    struct arena *, const char *asked, const char *const *client, const char *const *operators);

/*
 * The scopes of a refresh (RFC 6749 section 6): those of granted that are asked for, in the order
 * of granted; all for asked NULL. NULL: one was not granted, or none is asked for.
 */
const char *scopes_narrow(struct arena *, const char *granted, const char *asked);
