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
	const struct algorithm *algorithm; /* NULL: the JWK's alg, or the default of the key type */
	const struct algorithm *usual;     /* the default for RSA keys and secrets; may be NULL */
	bool signs;                        /* keep the private half */
	bool any_mode;                     /* accept a file that other users can read or write */
	bool no_secret; /* do not use a text that is neither PEM nor a JWK as a secret */
};

/*
 * Reads the keys in a text; of a JWK Set those that fit the algorithm. false with *why, a clause in
 * the arena such as "is a key of 31 bytes; HS256 needs at least 32"; then *out is empty. *secret
 * (unless NULL): whether the text holds a private key or a secret. keyfile_free() frees *out.
 */
bool keyfile_parse(struct arena *, struct bytes text, const struct key_load_options *,
    struct keys *out, bool *secret, const char **why);

/*
 * The same for a file; a newline at its end is not part of a secret. Also refuses a file that other
 * users can write, and a private key or a secret that they can read.
 */
bool keyfile_read(struct arena *, const char *path, const struct key_load_options *,
    struct keys *out, const char **why);

void keyfile_free(struct keys *); /* wipes; then *keys is empty */

/*
 * The text of a new key file, in the arena: a private key as PEM (PKCS#8), or a secret. bits: for
 * RSA. curve: for EdDSA, Ed25519 or Ed448. NULL only if OpenSSL fails.
 */
const char *keyfile_generate(struct arena *, const struct algorithm *, int bits, const char *curve);
