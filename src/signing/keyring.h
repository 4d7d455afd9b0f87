/*
 * The keys of this process: a single key from the settings, or a folder (JWT_KEY_DIR). Both are
 * reloaded when they change. With JWT_OIDC_ISSUER both may be set, and one key must sign RS256
 * (OpenID Connect Core section 15.1).
 *
 * The folder is checked for changes at most once a second, the file of a single key
 * (JWT_SIGNING_KEY_FILE, JWT_VERIFYING_KEY_FILE) at each use. Changed keys are loaded, with a line
 * in the log; if that fails, one line is logged and the keys in use stay. The first use after a
 * SIGHUP reloads too, and an unknown kid causes a check, at most once a second.
 */
#pragma once

#include "config/config.h"
#include "signing/ring.h"

struct keyring;

/* A program that only verifies keeps only the public halves of key pairs. */
enum keyring_duty { KEYRING_VERIFIES, KEYRING_SIGNS };

/*
 * Loads the keys that the settings name. NULL after one line in the log that says which file or
 * setting is wrong and why, such as a secret shorter than its hash (RFC 7518 section 3.2).
 */
struct keyring *keyring_load(const struct config *, enum keyring_duty);

/* Takes ownership of the ring; nothing is ever reloaded. */
struct keyring *keyring_of(struct ring *);

void keyring_free(struct keyring *); /* NULL is allowed */

/* The watched paths: two files of single keys and a folder. Each may be NULL. */
enum { KEYRING_FOLDER = 2, KEYRING_WATCHED };

const char *const *keyring_watched(const struct keyring *);

/* The current keys; valid until the next call of any of these functions. */
const struct ring *keyring_ring(struct keyring *);

/* Call after an unknown kid: checks whether the keys have changed. */
void keyring_look_again(struct keyring *);

/* Seconds for which a retired key must verify: the longest lifetime of a token plus the leeway. */
int64_t keyring_longest_lifetime(const struct config *);

/* Reads the keys that the settings name, once. NULL with *why, a line in the arena. */
struct ring *keyring_read(
    struct arena *, const struct config *, enum keyring_duty, const char **why);

/* Sets the paths that the settings name, and leaves the others alone. */
void keyring_paths(const struct config *, enum keyring_duty, const char *paths[KEYRING_WATCHED]);
