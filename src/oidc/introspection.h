/*
 * Answers about tokens (RFC 7662 section 2.2).
 */
#pragma once

#include "accounts/clients.h"
#include "oidc/tokens.h"

/* Whether a client may ask about a client's token: its own, or one with the client as aud. */
bool introspection_allows(const struct client *, const struct client_token *);

/* The answer to a client about a good token, whose client_id is NULL if it belongs to no client. */
struct json_object *introspection_active(struct arena *, const struct config *,
    const struct client *, const struct client_token *, const struct account *owner);

/* The answer about any other token, without a reason. */
struct json_object *introspection_inactive(struct arena *);
