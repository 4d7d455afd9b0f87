#include "signing/algorithm.h"

#include <string.h>

const struct algorithm algorithms[] = {
    {"HS256", FAMILY_HMAC, "SHA256", 32, NULL, NULL},
    {"HS384", FAMILY_HMAC, "SHA384", 48, NULL, NULL},
    {"HS512", FAMILY_HMAC, "SHA512", 64, NULL, NULL},
    {"RS256", FAMILY_RSA, "SHA256", 0, NULL, NULL},
    {"RS384", FAMILY_RSA, "SHA384", 0, NULL, NULL},
    {"RS512", FAMILY_RSA, "SHA512", 0, NULL, NULL},
    {"PS256", FAMILY_PSS, "SHA256", 0, NULL, NULL},
    {"PS384", FAMILY_PSS, "SHA384", 0, NULL, NULL},
    {"PS512", FAMILY_PSS, "SHA512", 0, NULL, NULL},
    {"ES256", FAMILY_ECDSA, "SHA256", 32, "prime256v1", "P-256"},
    {"ES384", FAMILY_ECDSA, "SHA384", 48, "secp384r1", "P-384"},
    {"ES512", FAMILY_ECDSA, "SHA512", 66, "secp521r1", "P-521"},
    {"ES256K", FAMILY_ECDSA, "SHA256", 32, "secp256k1", "secp256k1"},
    {"EdDSA", FAMILY_EDDSA, NULL, 0, NULL, NULL},
    {NULL, FAMILY_HMAC, NULL, 0, NULL, NULL},
};

const struct algorithm *
algorithm_find(struct bytes name)
{
	for (const struct algorithm *one = algorithms; one->name != NULL; one++)
		if (bytes_equal(name, one->name))
			return one;
	return NULL;
}

const struct algorithm *
algorithm_of_group(const char *group)
{
	for (const struct algorithm *one = algorithms; one->name != NULL; one++)
		if (one->group != NULL && strcmp(one->group, group) == 0)
			return one;
	return NULL;
}

const struct algorithm *
algorithm_of_curve(struct bytes curve)
{
	for (const struct algorithm *one = algorithms; one->name != NULL; one++)
		if (one->curve != NULL && bytes_equal(curve, one->curve))
			return one;
	return NULL;
}
