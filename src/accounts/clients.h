/*
 * The clients of OpenID Connect (sql/oidc.sql), and users' consent to their scopes.
 */
#pragma once

#include "base/arena.h"
#include "base/verdict.h"

#include <stdbool.h>

struct accounts;
struct config;

/* A cache of the rows that were read last; lives as long as the process. */
struct clients *clients_new(const struct config *);

/* In the request's arena. Lists end in NULL. */
struct client {
	const char *id, *name;
	const char *secret; /* stored hash; NULL: a public client, which has none */
	const char *const *redirect_uris, *const *post_logout_redirect_uris;
	const char *const *scopes;
	const char *id_token_alg;
	const char *audience; /* of its access tokens; NULL: JWT_OIDC_AUDIENCE */
	bool native, require_pkce, first_party;
	bool introspect; /* may ask about tokens that belong to no client */
};

/*
 * NO: unknown or inactive. client_id: UTF-8 without NUL. A row is cached for JWT_FEED_POLL
 * milliseconds, so a change of a client takes effect as soon as one of a user. Redeeming a code
 * always checks in the database that the client is active.
 */
enum verdict client_find(
    struct accounts *, struct arena *, const char *client_id, struct client *out);

/* The hash of a secret as the table stores it, in the arena. */
const char *client_secret_hash(struct arena *, const char *secret);

/*
 * Whether the secret is the client's; compares in constant time. A client that has no secret, or is
 * NULL, takes as long and has no right secret.
 */
bool client_secret_matches(const struct client *, const char *secret);

/* Whether the user has consented to all of the scopes, which are separated by spaces. */
enum verdict client_consented(struct accounts *, struct arena *, const char *user_id,
    const char *client_id, const char *scopes);

/* Adds scopes to those that the user has consented to. NO: the user no longer exists. */
enum verdict client_consent(struct accounts *, struct arena *, const char *user_id,
    const char *client_id, const char *scopes);
