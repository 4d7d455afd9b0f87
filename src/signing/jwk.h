/*
 * JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) and their thumbprints (RFC 7638).
 */
#pragma once

#include "signing/key.h"
#include "json/json.h"

/*
 * The key of a JWK. algorithm: NULL for that of the JWK's alg or, without one, of its kind. signs:
 * keep the private half. NULL with *why, a clause in the arena. A use that is not
 * sig, key_ops without sign or verify, and an alg that is not the algorithm are reasons too.
 */
struct key *jwk_read(struct arena *, struct json_object *jwk, const struct algorithm *, bool signs,
    const char **why);

/* Whether the JWK has a private or secret member. */
bool jwk_is_private(struct json_object *jwk);

/* Sets the key's id and jwk from its public half. */
bool jwk_describe(struct key *);

/* The thumbprint of a secret. */
const char *jwk_thumbprint_secret(struct arena *, struct bytes secret);
