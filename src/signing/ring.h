/*
 * A ring: the keys of a folder, each with its state, or the one key of the settings.
 *
 * A key's state is the sub-folder that its file is in: next/ is published and verifies, active/
 * also signs, retired/ verifies until the last token that it signed has expired. `mv` changes the
 * state. NAME.pub holds the public half of NAME.pem (or .json, .jwk): programs that only verify
 * read no private key that has one. Read are .pem, .crt, .json, .jwk, .pub and .secret; a name such
 * as NAME.PS256.pem says the key's algorithm. Everything else in the folders is passed over.
 */
#pragma once

#include "signing/keyfile.h"

enum key_state { KEY_NEXT, KEY_ACTIVE, KEY_RETIRED };

/* "next", "active", "retired": the sub-folders too. */
const char *ring_state_name(enum key_state);

struct ring_key {
	struct key *key;
	enum key_state state;
	const char
	    *file;     /* "active/NAME.pem"; of two the one that signs; "" of the settings' key */
	size_t place;  /* in that file */
	int64_t since; /* when the file got there, seconds */
	int64_t until; /* of a retired key, when it ceases to verify; else 0 */
};

struct ring {
	struct arena *arena;
	struct ring_key keys[KEYS_MAXIMUM];
	size_t count;
	bool with_ids; /* its tokens carry a kid; if not, one in a token is not looked at */
	const struct key *single; /* the settings' private key beside a folder; else NULL */
};

struct ring_rules {
	bool signs;   /* private keys too; else public halves only */
	bool lenient; /* for lists: there may be no key at all */
	const struct algorithm
	    *usual;      /* for RSA keys and secrets whose file name has no algorithm */
	int64_t longest; /* lifetime of a token, seconds */
};

/* NULL with *why, a line in the arena that names the file. */
struct ring *ring_load(
    struct arena *, const char *folder, const struct ring_rules *, const char **why);

/* A ring without keys. */
struct ring *ring_new(void);

/*
 * Adds the keys of a file, which it takes over, also on failure; `added` has the rest of what is
 * known of them. NULL, or why not, a line in the arena.
 */
const char *ring_add(struct arena *, struct ring *, struct ring_key added, struct keys *);

/* A ring of single keys, which it takes over; the first one signs. */
struct ring *ring_of(struct keys *);

/*
 * Puts the settings' key beside those of a folder (JWT_OIDC_ISSUER); it is taken over, also on
 * failure. It signs what names no algorithm, without a kid, as it does alone. NULL, or why not.
 */
const char *ring_add_single(struct arena *, struct ring *, struct keys *);

void ring_free(struct ring *); /* wipes; NULL is fine */

/* Whether the key still verifies. */
bool ring_key_verifies(const struct ring_key *, int64_t now);

/*
 * The key that signs now. NULL: none can. A new one signs only when all workers have had the time
 * to read it; until then the one before it does, even from retired/.
 */
const struct key *ring_signer(const struct ring *, int64_t now);

/* The same of the folder's keys of an algorithm; NULL: of any. */
const struct key *ring_signer_of(const struct ring *, const struct algorithm *, int64_t now);

/*
 * A hash over a file, or over the files of a folder of keys, which differs once one was added,
 * removed or changed; 0 for NULL and what is missing. *newest, in seconds, is raised to when that
 * last happened.
 */
uint64_t ring_fingerprint(const char *path, int64_t *newest);
