/*
 * HMAC (RFC 2104) with a secret that is used often: both padded forms of it are hashed once, so
 * that a tag costs the hash of its input and one block.
 */
#ifndef SIGNING_HMAC_H
#define SIGNING_HMAC_H

#include "signing/sha2.h"

#define HMAC_MAXIMUM SHA2_MAXIMUM /* bytes of a tag */

/* As secret as the secret itself. */
struct hmac {
	struct sha2 inner, outer;
};

/* length: of the tag, which tells the hash (32: SHA-256, 48: SHA-384, 64: SHA-512). */
void hmac_begin(struct hmac *, size_t length, struct bytes secret);

/* The tag of the input; its length. */
size_t hmac_make(const struct hmac *, struct bytes input, unsigned char tag[static HMAC_MAXIMUM]);

#endif
