/*
 * The algorithms of JSON Web Signature (RFC 7518 section 3, RFC 8037, RFC 8812), as a table.
 */
#pragma once

#include "base/bytes.h"

enum family { FAMILY_HMAC, FAMILY_RSA, FAMILY_PSS, FAMILY_ECDSA, FAMILY_EDDSA };

struct algorithm {
	const char *name; /* the value of alg */
	enum family family;
	const char *digest; /* OpenSSL's name; NULL for EdDSA, which includes one */
	size_t length;      /* bytes. HMAC: tag, and shortest secret. ECDSA: r, and s */
	const char *group;  /* ECDSA: OpenSSL's name of the curve */
	const char *curve;  /* ECDSA: its name as a JWK's crv (RFC 7518 section 6.2.1.1) */
};

/* NULL if there is none; names are case-sensitive. */
const struct algorithm *algorithm_find(struct bytes name);

/* The algorithm of a curve, by OpenSSL's name or by crv; NULL if there is none. */
const struct algorithm *algorithm_of_group(const char *group);
const struct algorithm *algorithm_of_curve(struct bytes curve);

/* All algorithms; a NULL name ends the table. */
extern const struct algorithm algorithms[];
