/*
 * One key: its algorithm, chosen when it was loaded and never by a token (RFC 8725 section 3.1),
 * and what OpenSSL can prepare once for all uses.
 */
#pragma once

#include "signing/algorithm.h"

#include <openssl/types.h>

/* The longest signature of any algorithm, bytes: RSA with 8192 bits. */
#define SIGNATURE_MAXIMUM 1024

struct crypto_hmac;

struct key {
	struct arena *arena; /* of the key itself */
	const struct algorithm *algorithm;
	const char *id;     /* RFC 7638 thumbprint: the kid of its tokens */
	struct bytes alias; /* the JWK's own kid; may be empty */
	const char *jwk;    /* its public half as a JWK; NULL: a secret has none */
	int bits;           /* of an RSA modulus, of a secret */
	bool signs;         /* whether it has a private half, or is a secret */

	/* Headers of its tokens, encoded: {"alg":"…","typ":"JWT"}, and with the kid between. */
	struct bytes header, header_with_id;

	struct crypto_hmac *hmac;        /* of a secret */
	EVP_PKEY *pair;                  /* of all others */
	EVP_MD_CTX *signing, *verifying; /* set up, to be copied for each use ... */
	EVP_MD_CTX *in_use;              /* ... to this one */
};

/*
 * A key of a secret. NULL with *why, a clause that is made in the arena given, such as "is a key of
 * 31 bytes; HS256 needs at least 32". The secret is not kept but inside OpenSSL.
 */
struct key *key_of_secret(
    struct arena *, const struct algorithm *, struct bytes secret, const char **why);

/*
 * A key of a public or private key, which it takes over, also on failure. private:
 * keep the private half; without it a private key is reduced to its public half.
 */
struct key *key_of_pair(
    struct arena *, const struct algorithm *, EVP_PKEY *, bool private, const char **why);

/* The default algorithm of a key: that of its curve, RS256 or EdDSA; NULL for others. */
const struct algorithm *key_algorithm_of(EVP_PKEY *);

void key_free(struct key *); /* wipes; NULL is fine */

/* The header of a token of the key, encoded. id: its kid, NULL for none; type: its typ. */
struct bytes key_header(struct arena *, const struct key *, const char *id, const char *type);

/* Signs; false only if the library fails. signature: SIGNATURE_MAXIMUM bytes. */
bool key_sign(const struct key *, struct bytes input, unsigned char *signature, size_t *length);

/* Whether this key made the signature; a secret's tag is compared in constant time. */
bool key_verify(const struct key *, struct bytes input, struct bytes signature);

#define KEY_HASH_MAXIMUM 64

/*
 * The hash that goes with the key's algorithm, of which at_hash is the left half (OpenID Connect
 * Core 1.0 section 3.1.3.6); of Ed25519 it is SHA-512. Returns its length, 0 for Ed448 and secrets.
 * hash: KEY_HASH_MAXIMUM bytes.
 */
size_t key_hash(const struct key *, struct bytes input, unsigned char *hash);
