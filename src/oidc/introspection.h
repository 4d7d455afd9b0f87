/*
 * Answers about tokens (RFC 7662 section 2.2).
 */
#pragma once

#include "accounts/clients.h"
#include "oidc/tokens.h"

/* Whether a client may know of a client's token: one of its own, or one that is for it. */
bool introspection_allows(const struct client *, const struct client_token *);

/* The answer about a good token; its client_id is NULL if it belongs to no client. */
struct json_object *introspection_active(struct arena *, const struct config *,
    const struct client_token *, const struct account *owner);

/* Of a token that is not good nothing is said, not even why. */
struct json_object *introspection_inactive(struct arena *);
