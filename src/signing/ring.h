/*
 * A ring: the keys of a folder, each with its state, or the single key of the settings.
 *
 * The state of a key is the sub-folder of its file: a key in next/ is published and verifies, in
 * active/ it also signs, in retired/ it verifies until the last token that it signed has expired.
 * `mv` changes the state. NAME.pub holds the public half of NAME.pem (or .json, .jwk): programs
 * that only verify read it instead of the private key. Files named *.pem, .crt, .json, .jwk, .pub
 * and .secret are read, all others ignored; NAME.PS256.pem says that the key's algorithm is PS256.
 */
#pragma once

#include "signing/keyfile.h"

enum key_state { KEY_NEXT, KEY_ACTIVE, KEY_RETIRED };

/* "next", "active", "retired": also the names of the sub-folders. */
const char *ring_state_name(enum key_state);

struct ring_key {
	struct key *key;
	enum key_state state;
	const char *file; /* "active/NAME.pem", of a pair the private one; "" for a single key */
	size_t place;     /* index in that file */
	int64_t since;    /* when the file was put there, seconds since the epoch */
	int64_t until;    /* when a retired key stops verifying; else 0 */
};

struct ring {
	struct arena *arena;
	struct ring_key keys[KEYS_MAXIMUM];
	size_t count;
	bool with_ids;            /* tokens carry a kid; if not, an unknown kid is ignored */
	const struct key *single; /* the settings' private key beside a folder; else NULL */
};

struct ring_rules {
	bool signs;   /* keep private halves */
	bool lenient; /* accept a folder without keys; for lists */
	const struct algorithm
	    *usual;      /* for RSA keys and secrets whose file name has no algorithm */
	int64_t longest; /* longest lifetime of a token, seconds */
};

/*
 * How the names of the files that are read end; then NULL. ".pub" is first, because keydir_move()
 * moves the files of a key in this order.
 */
extern const char *const ring_file_ends[];

/* Reads a folder. NULL with *why, a line in the arena that names the file. */
struct ring *ring_load(
    struct arena *, const char *folder, const struct ring_rules *, const char **why);

/* A ring without keys. */
struct ring *ring_new(void);

/*
 * Adds the keys of a file, of which it takes ownership, also on failure; `added` holds their other
 * members. Returns NULL, or why they cannot be added: a line in the arena.
 */
const char *ring_add(struct arena *, struct ring *, struct ring_key added, struct keys *);

/* A ring of single keys, of which it takes ownership; the first one signs. */
struct ring *ring_of(struct keys *);

/*
 * Adds the settings' key to those of a folder (JWT_OIDC_ISSUER), and takes ownership of it, also on
 * failure. It signs, without a kid, all tokens for which no algorithm is chosen, as it does without
 * a folder. Returns NULL or the reason.
 */
const char *ring_add_single(struct arena *, struct ring *, struct keys *);

void ring_free(struct ring *); /* wipes the keys; NULL is allowed */

/* Whether the key still verifies. */
bool ring_key_verifies(const struct ring_key *, int64_t now);

/*
 * The key that signs now; NULL if none can. A new key signs only once all workers have had time to
 * read it; until then its predecessor signs, even from retired/.
 */
const struct key *ring_signer(const struct ring *, int64_t now);

/* The same among the keys of an algorithm (NULL: any), with no preference for a single key. */
const struct key *ring_signer_of(const struct ring *, const struct algorithm *, int64_t now);

/*
 * A hash of a file's attributes, or of those of all files in a folder of keys: it differs once a
 * file was added, removed or changed. 0 if the path is NULL or missing. *newest is raised to the
 * time of the last change, in seconds since the epoch.
 */
uint64_t ring_fingerprint(const char *path, int64_t *newest);
