/*
 * The keys that tokens are signed and verified with. Loaded once; the algorithm is a property of
 * the key and never taken from a token (RFC 8725 section 3.1).
 */
#ifndef SIGNING_KEYRING_H
#define SIGNING_KEYRING_H

#include "base/bytes.h"
#include "base/config.h"

struct key;
struct keyring;

/* The longest signature of any algorithm, bytes. */
#define SIGNATURE_MAXIMUM 64

/*
 * The key of JWT_SIGNING_KEY or JWT_SIGNING_KEY_FILE for JWT_ALGORITHM. NULL after one line in the
 * log that says what is wrong, such as a secret shorter than its hash (RFC 7518 section 3.2).
 */
struct keyring *keyring_load(const struct config *);

/* The key that signs new tokens. */
const struct key *keyring_signer(const struct keyring *);

/* The JOSE header of its tokens, encoded: base64url of {"alg":"…","typ":"JWT"}. */
struct bytes key_header(const struct key *);

const char *key_algorithm(const struct key *);

/* Signs; false only if the library fails. signature: SIGNATURE_MAXIMUM bytes. */
bool key_sign(const struct key *, struct bytes input, unsigned char *signature, size_t *length);

/* Whether the signature is this key's; in constant time. */
bool key_verify(const struct key *, struct bytes input, struct bytes signature);

#endif
