#include "signing/ecdsa.h"

#include <openssl/ecdsa.h>

bool
ecdsa_from_der(struct bytes der, size_t half, unsigned char *out)
{
	const unsigned char *at = (const unsigned char *)der.data;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der.length);
	int size = (int)half;
	bool done = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, size) == size &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + half, size) == size;

	ECDSA_SIG_free(pair);
	return done;
}

bool
ecdsa_to_der(struct bytes raw, size_t half, unsigned char *der, size_t *length)
{
	const unsigned char *at = (const unsigned char *)raw.data;
	ECDSA_SIG *pair;
	BIGNUM *r, *s;
	int size = -1;

	if (raw.length != 2 * half)
		return false;
	pair = ECDSA_SIG_new();
	r = BN_bin2bn(at, (int)half, NULL);
	s = BN_bin2bn(at + half, (int)half, NULL);
	if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
		size = i2d_ECDSA_SIG(pair, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	*length = size < 0 ? 0 : (size_t)size;
	return size > 0;
}
