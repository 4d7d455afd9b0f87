/*
 * The algorithms of JSON Web Signature (RFC 7518 section 3, RFC 8037, RFC 8812), as a table.
 */
#pragma once

#include "base/bytes.h"

enum family { FAMILY_HMAC, FAMILY_RSA, FAMILY_PSS, FAMILY_ECDSA, FAMILY_EDDSA };

struct algorithm {
	const char *name; /* of alg */
	enum family family;
	const char *digest; /* OpenSSL's name; NULL where the scheme has its own */
	size_t length;     /* HMAC: of the tag and, at least, of the secret. ECDSA: of r and of s */
	const char *group; /* ECDSA: the curve's name, OpenSSL's ... */
	const char *curve; /* ... and that of crv (RFC 7518 section 6.2.1.1) */
};

/* NULL if there is none of that name; names are exact. */
const struct algorithm *algorithm_find(struct bytes name);

/* The one of a curve, in OpenSSL's words or in those of crv; NULL if there is none. */
const struct algorithm *algorithm_of_group(const char *group);
const struct algorithm *algorithm_of_curve(struct bytes curve);

/* All of them; a NULL name ends the table. */
extern const struct algorithm algorithms[];
