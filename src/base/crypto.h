/*
 * Random bytes, SHA-256 and HMAC without OpenSSL's EVP, whose first use costs a millisecond (its
 * configuration, providers and names): more than everything else a CGI process does with a secret.
 */
#pragma once

#include "base/bytes.h"

#include <openssl/sha.h>

#define CRYPTO_ID_BYTES     16 /* of a random id */
#define CRYPTO_HMAC_MAXIMUM 64 /* bytes of a tag */

/*
 * Call before any other function of OpenSSL. Makes the process end when OpenSSL cannot allocate
 * memory: otherwise it would report a good signature as a bad one.
 */
void crypto_start(void);

/* Fills `out` with random bytes, at most 256; false only if the kernel has none. */
bool crypto_random(void *out, size_t size);

void crypto_sha256(struct bytes input, unsigned char hash[static SHA256_DIGEST_LENGTH]);

/* The SHA-256 of several pieces, one after the other. */
void crypto_sha256_pieces(
    const struct bytes *pieces, size_t count, unsigned char hash[static SHA256_DIGEST_LENGTH]);

/* The state of a hash. A copy continues independently of the original. */
struct crypto_sha2 {
	size_t length; /* of the hash: 32, 48 or 64 */
	union {
		SHA256_CTX narrow;
		SHA512_CTX wide;
	} state;
};

/*
 * HMAC (RFC 2104) for a secret that is used often: its two padded forms are hashed once, so a tag
 * costs the hash of its input and one more block. To be wiped like the secret itself.
 */
struct crypto_hmac {
	struct crypto_sha2 inner, outer;
};

/* length: of the tag; it selects the hash (32: SHA-256, 48: SHA-384, 64: SHA-512). */
void crypto_hmac_begin(struct crypto_hmac *, size_t length, struct bytes secret);

/* Writes the tag of the input; returns its length. */
size_t crypto_hmac_tag(
    const struct crypto_hmac *, struct bytes input, unsigned char tag[static CRYPTO_HMAC_MAXIMUM]);
