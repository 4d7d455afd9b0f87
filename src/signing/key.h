/*
 * A key with its algorithm, which is chosen when the key is loaded and never by a token (RFC 8725
 * section 3.1), and with OpenSSL's contexts, which are prepared once for all uses.
 */
#pragma once

#include "signing/algorithm.h"

#include <openssl/types.h>

/* The longest signature of any algorithm, bytes: RSA with 8192 bits. */
#define SIGNATURE_MAXIMUM 1024

struct crypto_hmac;

struct key {
	struct arena *arena; /* owns the key */
	const struct algorithm *algorithm;
	const char *id;     /* RFC 7638 thumbprint: the kid of its tokens */
	struct bytes alias; /* the JWK's own kid; may be empty */
	const char *jwk;    /* its public half as a JWK; NULL: a secret has none */
	int bits;           /* of an RSA modulus or a curve, or the length of a secret */
	bool signs;         /* has a private half, or is a secret */

	/* Headers of its tokens, in base64url: {"alg":"…","typ":"JWT"}, and with a kid. */
	struct bytes header, header_with_id;

	struct crypto_hmac *hmac;        /* of a secret; else NULL */
	EVP_PKEY *pair;                  /* NULL for a secret */
	EVP_MD_CTX *signing, *verifying; /* initialised once ... */
	EVP_MD_CTX *in_use;              /* ... and copied here for each use */
};

/*
 * Makes a key of a secret, which is kept only as HMAC's state. NULL with *why, a clause in the
 * given arena such as "is a key of 31 bytes; HS256 needs at least 32".
 */
struct key *key_of_secret(
    struct arena *, const struct algorithm *, struct bytes secret, const char **why);

/*
 * Makes a key of OpenSSL's, of which it takes ownership, also on failure. private: keep the private
 * half; otherwise a private key is reduced to its public half. NULL with *why, as above.
 */
struct key *key_of_pair(
    struct arena *, const struct algorithm *, EVP_PKEY *, bool private, const char **why);

/* The default algorithm of a key: RS256, EdDSA or that of its curve; NULL for other keys. */
const struct algorithm *key_algorithm_of(EVP_PKEY *);

void key_free(struct key *); /* wipes the key; NULL is allowed */

/* The header of a token of the key, in base64url. id: the kid, NULL for none; type: the typ. */
struct bytes key_header(struct arena *, const struct key *, const char *id, const char *type);

/* Signs. signature: SIGNATURE_MAXIMUM bytes. false: the key is public, or OpenSSL fails. */
bool key_sign(const struct key *, struct bytes input, unsigned char *signature, size_t *length);

/* Whether this key made the signature; an HMAC tag is compared in constant time. */
bool key_verify(const struct key *, struct bytes input, struct bytes signature);

#define KEY_HASH_MAXIMUM 64

/*
 * Hashes with the hash function of the key's algorithm (Ed25519: SHA-512). at_hash is the left half
 * (OpenID Connect Core 1.0 section 3.1.3.6). hash: KEY_HASH_MAXIMUM bytes. Returns the length; 0
 * for Ed448 and secrets, or if OpenSSL fails.
 */
size_t key_hash(const struct key *, struct bytes input, unsigned char *hash);
