/*
 * The two forms of an ECDSA signature: r and s side by side (RFC 7518 section 3.4) and DER, as
 * OpenSSL wants it.
 */
#ifndef SIGNING_ECDSA_H
#define SIGNING_ECDSA_H

#include "base/bytes.h"

#define ECDSA_DER_MAXIMUM 160 /* of P-521 */

/* half: the length of r and of s. out: 2 * half bytes. */
bool ecdsa_from_der(struct bytes der, size_t half, unsigned char *out);

/* der: ECDSA_DER_MAXIMUM bytes. false for anything but 2 * half bytes. */
bool ecdsa_to_der(struct bytes raw, size_t half, unsigned char *der, size_t *length);

#endif
