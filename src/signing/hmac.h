/*
 * HMAC (RFC 2104) with a secret that is used often: both padded forms of it are hashed once, so
 * that a tag costs the hash of its input and one block, and EVP is asked for nothing else.
 */
#ifndef SIGNING_HMAC_H
#define SIGNING_HMAC_H

#include "base/bytes.h"

#define HMAC_MAXIMUM 64 /* bytes of a tag: SHA-512 */

struct hmac;

/* digest: OpenSSL's name. The secret is not kept. NULL if the library fails; hmac_free() wipes. */
struct hmac *hmac_new(const char *digest, struct bytes secret);
void hmac_free(struct hmac *); /* NULL is fine */

/* The tag of the input; false only if the library fails. */
bool hmac_make(const struct hmac *, struct bytes input, unsigned char tag[static HMAC_MAXIMUM],
    size_t *length);

#endif
