/*
 * Random ids, SHA-256 and HMAC without OpenSSL's EVP, whose first use costs a millisecond (its
 * configuration, providers and names): more than all else that a CGI process does with a secret.
 */
#pragma once

#include "base/bytes.h"

#include <openssl/sha.h>

#define CRYPTO_ID_BYTES     16
#define CRYPTO_HMAC_MAXIMUM 64 /* bytes of a tag */

/*
 * To be called before any other function of OpenSSL: a process for which OpenSSL finds no memory
 * ends. Otherwise it would refuse a good signature.
 */
void crypto_start(void);

/* Fills CRYPTO_ID_BYTES random bytes, for the id of a token; false only if the kernel has none. */
bool crypto_id(unsigned char *out);

void crypto_sha256(struct bytes input, unsigned char hash[static SHA256_DIGEST_LENGTH]);

/* The state of a hash. May be copied: both go on from there. */
struct crypto_sha2 {
	size_t length; /* of the hash: 32, 48 or 64 */
	union {
		SHA256_CTX narrow;
		SHA512_CTX wide;
	} state;
};

/*
 * HMAC (RFC 2104) with a secret that is used often: both padded forms of it are hashed once, so
 * that a tag costs the hash of its input and one block. As secret as the secret itself.
 */
struct crypto_hmac {
	struct crypto_sha2 inner, outer;
};

/* length: of the tag, which tells the hash (32: SHA-256, 48: SHA-384, 64: SHA-512). */
void crypto_hmac_begin(struct crypto_hmac *, size_t length, struct bytes secret);

/* Makes the tag of the input; returns its length. */
size_t crypto_hmac_tag(
    const struct crypto_hmac *, struct bytes input, unsigned char tag[static CRYPTO_HMAC_MAXIMUM]);
