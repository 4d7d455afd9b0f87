/*
 * JSON Web Signature in its compact form (RFC 7515 section 7.1). now: seconds since the epoch, for
 * keys that verify up to a time or sign from one.
 */
#pragma once

#include "signing/keyring.h"

/* header.payload.signature; NULL only if no key can sign or the library fails. In the arena. */
const char *jws_sign(struct arena *, struct keyring *, int64_t now, struct bytes payload);

/*
 * The same with the key given and its kid, whatever signs else; typ: the header's, "at+jwt" for
 * one. NULL too if the key is NULL or public.
 */
const char *jws_sign_with(
    struct arena *, const struct key *, const char *typ, struct bytes payload);

/*
 * Whether one of our keys signed the token: exactly three parts in strict base64url, a header
 * object whose alg is the key's, no crit (we understand no extension, section 4.1.11), a good
 * signature. The key is the one that kid names exactly; without a kid any key of that alg. jku,
 * jwk, x5u and x5c are not looked at. *payload: decoded, not parsed.
 */
bool jws_verify(
    struct arena *, struct keyring *, int64_t now, struct bytes token, struct bytes *payload);

/* Why jws_verify() says no, for people: a clause, in the arena. */
const char *jws_fault(struct arena *, struct keyring *, int64_t now, struct bytes token);
