/*
 * Signs with a key, verifies signatures and hashes.
 */
#include "signing/key.h"

#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

static const unsigned char *
raw(struct bytes bytes)
{
	return (const unsigned char *)bytes.data;
}

/* Turns OpenSSL's DER into r and s, `half` bytes each (RFC 7518 section 3.4), in place. */
static bool
ecdsa_from_der(unsigned char *signature, size_t *length, size_t half)
{
	const unsigned char *at = signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)*length);
	int size = (int)half;
	bool done = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, size) == size &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + half, size) == size;

	ECDSA_SIG_free(pair);
	*length = 2 * half;
	return done;
}

/* The reverse. der: SIGNATURE_MAXIMUM bytes. Returns the length; 0 if it is no signature. */
static size_t
ecdsa_to_der(struct bytes signature, size_t half, unsigned char *der)
{
	ECDSA_SIG *pair;
	BIGNUM *r, *s;
	int size = 0;

	if (signature.length != 2 * half)
		return 0;
	pair = ECDSA_SIG_new();
	r = BN_bin2bn(raw(signature), (int)half, NULL);
	s = BN_bin2bn(raw(signature) + half, (int)half, NULL);
	if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
		size = i2d_ECDSA_SIG(pair, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	return size > 0 ? (size_t)size : 0;
}

/* Empties the old copy first: OpenSSL 3.5 otherwise copies a digest's state that a key's context
 * may not have. */
static bool
copy_context(const struct key *key, const EVP_MD_CTX *from)
{
	return EVP_MD_CTX_reset(key->in_use) == 1 && EVP_MD_CTX_copy_ex(key->in_use, from) == 1;
}

bool
key_sign(const struct key *key, struct bytes input, unsigned char *signature, size_t *length)
{
	bool done;

	if (!key->signs)
		return false;
	if (key->hmac != NULL) {
		*length = crypto_hmac_tag(key->hmac, input, signature);
		return true;
	}
	*length = SIGNATURE_MAXIMUM;
	done = copy_context(key, key->signing) &&
	       EVP_DigestSign(key->in_use, signature, length, raw(input), input.length) == 1 &&
	       (key->algorithm->family != FAMILY_ECDSA ||
		   ecdsa_from_der(signature, length, key->algorithm->length));
	if (!done)
		ERR_clear_error();
	return done;
}

static bool
verify_hmac(const struct key *key, struct bytes input, struct bytes signature)
{
	unsigned char expected[CRYPTO_HMAC_MAXIMUM];
	size_t length = crypto_hmac_tag(key->hmac, input, expected);
	bool same =
	    signature.length == length && CRYPTO_memcmp(signature.data, expected, length) == 0;

	explicit_bzero(expected, sizeof(expected));
	return same;
}

bool
key_verify(const struct key *key, struct bytes input, struct bytes signature)
{
	unsigned char der[SIGNATURE_MAXIMUM];
	bool good;

	if (key->hmac != NULL)
		return verify_hmac(key, input, signature);
	if (key->algorithm->family == FAMILY_ECDSA)
		signature = (struct bytes){
		    (char *)der, ecdsa_to_der(signature, key->algorithm->length, der)};
	if (signature.length == 0 || signature.length > SIGNATURE_MAXIMUM)
		return false;
	good = copy_context(key, key->verifying) &&
	       EVP_DigestVerify(
		   key->in_use, raw(signature), signature.length, raw(input), input.length) == 1;
	if (!good)
		ERR_clear_error();
	return good;
}

size_t
key_hash(const struct key *key, struct bytes input, unsigned char *hash)
{
	const char *digest = key->algorithm->digest;
	size_t length;

	if (key->pair == NULL)
		return 0;
	if (EVP_PKEY_is_a(key->pair, "ED25519"))
		digest = "SHA512";
	if (digest == NULL ||
	    EVP_Q_digest(NULL, digest, NULL, input.data, input.length, hash, &length) != 1)
		return 0;
	return length;
}
