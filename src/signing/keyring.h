/*
 * The keys of this process: those of the settings, or a folder of them (JWT_KEY_DIR), which are
 * read again when they change. With JWT_OIDC_ISSUER there may be both, and one of them is an RSA
 * key that signs (RS256, OpenID Connect Core section 15.1).
 *
 * At the first use in a second the folder's files are compared with what was read; the file of a
 * single key (JWT_SIGNING_KEY_FILE, JWT_VERIFYING_KEY_FILE) at each use. What differs is read
 * anew, with a line in the log; if that fails one line is logged and the keys in use stay. A SIGHUP
 * makes the next use read them, and a token with an unknown kid does so once a second.
 */
#pragma once

#include "config/config.h"
#include "signing/ring.h"

struct keyring;

/* A program that only verifies reads of pairs the public halves only. */
enum keyring_duty { KEYRING_VERIFIES, KEYRING_SIGNS };

/*
 * The keys that the settings name. NULL after one line in the log that says which file or setting
 * is wrong, and why, such as a secret shorter than its hash (RFC 7518 section 3.2).
 */
struct keyring *keyring_load(const struct config *, enum keyring_duty);

/* A keyring of one ring, which it takes over: no file is read again. */
struct keyring *keyring_of(struct ring *);

void keyring_free(struct keyring *); /* NULL is fine */

/* What is read again: two files of single keys and a folder, each of which may be NULL. */
enum { KEYRING_FOLDER = 2, KEYRING_WATCHED };

const char *const *keyring_watched(const struct keyring *);

/* The keys as they are now; valid until the next call of any of these. */
const struct ring *keyring_ring(struct keyring *);

/* To be called after an unknown kid: reads the keys again. */
void keyring_look_again(struct keyring *);

/* Seconds for which a retired key must verify: the longest lifetime of a token, and leeway. */
int64_t keyring_longest_lifetime(const struct config *);

/* Reads once what the settings name. NULL with *why, a line in the arena. */
struct ring *keyring_read(
    struct arena *, const struct config *, enum keyring_duty, const char **why);

/* Sets those of the paths that the settings name. */
void keyring_paths(const struct config *, enum keyring_duty, const char *paths[KEYRING_WATCHED]);
