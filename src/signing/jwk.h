/*
 * JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) and their thumbprints (RFC 7638).
 */
#pragma once

#include "signing/key.h"
#include "json/json.h"

/*
 * Reads the key of a JWK. algorithm: the required one; NULL for the JWK's alg or, without alg, the
 * default of its key type. signs: keep the private half. NULL with *why, a clause in the arena,
 * also if its alg is another one, its use is not sig, or its key_ops has neither sign nor verify.
 */
struct key *jwk_read(struct arena *, struct json_object *jwk, const struct algorithm *, bool signs,
    const char **why);

/* Whether the JWK has a private or secret member. */
bool jwk_is_private(struct json_object *jwk);

/* Sets the key's id and jwk from its public half; false only if OpenSSL fails. */
bool jwk_describe(struct key *);

/* The thumbprint of a secret, in the arena. */
const char *jwk_thumbprint_secret(struct arena *, struct bytes secret);
