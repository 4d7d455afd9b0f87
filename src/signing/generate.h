/*
 * New keys.
 */
#ifndef SIGNING_GENERATE_H
#define SIGNING_GENERATE_H

#include "signing/algorithm.h"

/*
 * A new private key as PEM (PKCS#8), or a new secret as text, in the arena. bits: of RSA. curve: of
 * EdDSA, Ed25519 or Ed448. NULL only if the library fails.
 */
const char *generate(struct arena *, const struct algorithm *, int bits, const char *curve);

#endif
