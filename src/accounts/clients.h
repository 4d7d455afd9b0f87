/*
 * The clients of OpenID Connect (sql/oidc.sql), and which scopes users have let them have.
 */
#pragma once

#include "base/arena.h"
#include "base/verdict.h"

#include <stdbool.h>

struct accounts;
struct config;

/* The rows that were read last, for as long as the process lives. */
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
	bool introspect; /* it may know of tokens that belong to no client */
};

/*
 * NO: unknown or not active. client_id: UTF-8 without NUL. A row that was read at most
 * JWT_FEED_POLL milliseconds ago is not read again, as users are with a change feed; so a change of
 * a client counts as soon as one of a user. The statement that takes a code asks anew whether it is
 * active.
 */
enum verdict client_find(
    struct accounts *, struct arena *, const char *client_id, struct client *out);

/* The hash of a secret as the table stores it, in the arena. */
const char *client_secret_hash(struct arena *, const char *secret);

/*
 * Compares in constant time, and makes a hash also for a client without a secret or NULL, of which
 * no secret is right.
 */
bool client_secret_matches(const struct client *, const char *secret);

/* Whether the user has consented to all of the scopes, which are separated by spaces. */
enum verdict client_consented(struct accounts *, struct arena *, const char *user_id,
    const char *client_id, const char *scopes);

/* Adds scopes to those that the user has consented to. NO: there is no such user any more. */
enum verdict client_consent(struct accounts *, struct arena *, const char *user_id,
    const char *client_id, const char *scopes);
