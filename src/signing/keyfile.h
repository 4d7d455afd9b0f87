/*
 * Key files: PEM, a JWK or JWK Set, or the bytes of a secret.
 */
#pragma once

#include "signing/key.h"

#define KEYS_MAXIMUM 64 /* of one file, and of a folder */

struct keys {
	struct key *keys[KEYS_MAXIMUM];
	size_t count;
};

struct key_load_options {
	const struct algorithm
	    *algorithm;                /* NULL: the one in the JWK, or the default of its kind */
	const struct algorithm *usual; /* for an RSA key or a secret that names none; may be NULL */
	bool signs;                    /* keep the private half */
	bool any_mode;                 /* others may read and write the file */
	bool no_secret; /* what is neither PEM nor a JWK is not taken for the bytes of a secret */
};

/*
 * The keys in a text. Of a JWK Set those for the algorithm. false with *why, a clause in the arena
 * such as "is a key of 31 bytes; HS256 needs at least 32"; then *out is empty. *secret (unless
 * NULL): whether the text has a private key or a secret.
 */
bool keyfile_parse(struct arena *, struct bytes text, const struct key_load_options *,
    struct keys *out, bool *secret, const char **why);

/*
 * The same of a file; a newline at the end of a secret is dropped. Refused too: a file that others
 * can write, and a private key or a secret that others can read.
 */
bool keyfile_read(struct arena *, const char *path, const struct key_load_options *,
    struct keys *out, const char **why);

void keyfile_free(struct keys *); /* wipes; then *keys is empty */

/*
 * The text of a new key file in the arena: a private key as PEM (PKCS#8), or a secret. bits: of
 * RSA. curve: of EdDSA, Ed25519 or Ed448. NULL only if the library fails.
 */
const char *keyfile_generate(struct arena *, const struct algorithm *, int bits, const char *curve);
