/*
 * JSON Web Signature in its compact form (RFC 7515 section 7.1). now, in seconds since the epoch,
 * decides which keys of the ring may sign and verify. Results live in the arena.
 */
#pragma once

#include "signing/keyring.h"

/* Returns header.payload.signature; NULL only if no key can sign or OpenSSL fails. */
const char *jws_sign(struct arena *, struct keyring *, int64_t now, struct bytes payload);

/*
 * The same with a given key instead of the ring's current one; its kid is in the header. typ: of
 * the header, such as "at+jwt". NULL also if the key is NULL or public.
 */
const char *jws_sign_with(
    struct arena *, const struct key *, const char *typ, struct bytes payload);

/*
 * Whether one of our keys signed the token. It must have exactly three parts in strict base64url, a
 * header object with the key's alg and without crit (no extension is supported, section 4.1.11),
 * and a good signature. A kid selects exactly one key; without it all keys of the alg are tried.
 * jku, jwk, x5u and x5c are ignored. *payload: decoded, not parsed.
 */
bool jws_verify(
    struct arena *, struct keyring *, int64_t now, struct bytes token, struct bytes *payload);

/* Why jws_verify() refuses a token: a clause for a human reader. */
const char *jws_fault(struct arena *, struct keyring *, int64_t now, struct bytes token);
