/*
 * SHA-256, SHA-384 and SHA-512 without OpenSSL's EVP, whose first use costs a millisecond (its
 * configuration, providers and names): more than all else that a CGI process does with a secret.
 */
#ifndef SIGNING_SHA2_H
#define SIGNING_SHA2_H

#include "base/bytes.h"

#include <openssl/sha.h>

#define SHA2_MAXIMUM 64 /* bytes of a hash */

/* May be copied: both go on from there. */
struct sha2 {
	size_t length; /* of the hash: 32, 48 or 64 */
	union {
		SHA256_CTX narrow;
		SHA512_CTX wide;
	} state;
};

/* length: 32, 48 or 64. */
void sha2_begin(struct sha2 *, size_t length);
size_t sha2_block(const struct sha2 *); /* bytes that are hashed at once */
void sha2_add(struct sha2 *, struct bytes);
void sha2_end(struct sha2 *, unsigned char *out);

#endif
