#include "signing/key.h"

#include "signing/b64url.h"
#include "signing/crypto.h"
#include "signing/ecdsa.h"
#include "signing/jwk.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define RSA_MINIMUM 2048
#define RSA_MAXIMUM 8192

static struct key *
key_new(const struct algorithm *algorithm)
{
	struct arena *arena = arena_new();
	struct key *key = arena_alloc(arena, sizeof(*key));

	key->arena = arena;
	key->algorithm = algorithm;
	return key;
}

void
key_free(struct key *key)
{
	if (key == NULL)
		return;
	EVP_MD_free(key->digest);
	EVP_MD_CTX_free(key->hash);
	EVP_PKEY_CTX_free(key->signer);
	EVP_PKEY_CTX_free(key->verifier);
	EVP_MD_CTX_free(key->signing);
	EVP_MD_CTX_free(key->verifying);
	EVP_PKEY_free(key->pair);
	arena_free(key->arena);
}

/* The header of its tokens, encoded, with its members in PyJWT's order; id: NULL for none. */
static struct bytes
make_header(const struct key *key, const char *id)
{
	struct json_object *header = json_new_object(key->arena);
	struct buffer text = {.arena = key->arena}, encoded = {.arena = key->arena};

	json_put_text(header, "alg", key->algorithm->name);
	if (id != NULL)
		json_put_text(header, "kid", id);
	json_put_text(header, "typ", "JWT");
	json_write(&text, header, true);
	b64url_encode(&encoded, buffer_bytes(&text));
	return buffer_bytes(&encoded);
}

static void
make_headers(struct key *key)
{
	key->header = make_header(key, NULL);
	key->header_with_id = make_header(key, key->id);
}

struct key *
key_of_secret(
    struct arena *arena, const struct algorithm *algorithm, struct bytes secret, const char **why)
{
	struct key *key;

	if (algorithm->family != FAMILY_HMAC) {
		*why = arena_printf(arena, "is no key pair, which %s needs", algorithm->name);
		return NULL;
	}
	if (secret.length < algorithm->length) {
		*why = arena_printf(arena,
		    "is a key of %zu bytes; %s needs at least %zu (RFC 7518 section 3.2)",
		    secret.length, algorithm->name, algorithm->length);
		return NULL;
	}
	key = key_new(algorithm);
	key->hmac = arena_alloc(key->arena, sizeof(*key->hmac));
	crypto_hmac_begin(key->hmac, algorithm->length, secret);
	key->id = jwk_thumbprint_secret(key->arena, secret);
	key->bits = (int)(secret.length * 8);
	key->signs = true;
	make_headers(key);
	return key;
}

static bool
is_group(EVP_PKEY *pair, const char *group)
{
	char name[64];

	return EVP_PKEY_get_group_name(pair, name, sizeof(name), NULL) == 1 &&
	       strcmp(name, group) == 0;
}

const struct algorithm *
key_algorithm_of(EVP_PKEY *pair)
{
	char group[64];

	if (EVP_PKEY_is_a(pair, "RSA"))
		return algorithm_find(bytes_of("RS256"));
	if (EVP_PKEY_is_a(pair, "ED25519") || EVP_PKEY_is_a(pair, "ED448"))
		return algorithm_find(bytes_of("EdDSA"));
	if (EVP_PKEY_is_a(pair, "EC") &&
	    EVP_PKEY_get_group_name(pair, group, sizeof(group), NULL) == 1)
		return algorithm_of_group(group);
	return NULL;
}

/* NULL if the pair is one for the algorithm, else why not. */
static const char *
misfit(struct arena *arena, const struct algorithm *algorithm, EVP_PKEY *pair)
{
	int bits = EVP_PKEY_get_bits(pair);

	switch (algorithm->family) {
	case FAMILY_HMAC:
		break;
	case FAMILY_RSA:
	case FAMILY_PSS:
		if (!EVP_PKEY_is_a(pair, "RSA"))
			break;
		if (bits >= RSA_MINIMUM && bits <= RSA_MAXIMUM)
			return NULL;
		return arena_printf(arena,
		    "has %d bits; RSA keys need %d to %d (RFC 7518 section 3.3)", bits, RSA_MINIMUM,
		    RSA_MAXIMUM);
	case FAMILY_ECDSA:
		if (!EVP_PKEY_is_a(pair, "EC"))
			break;
		return is_group(pair, algorithm->group)
			   ? NULL
			   : arena_printf(arena, "is not on the curve %s, which %s needs",
				 algorithm->curve, algorithm->name);
	case FAMILY_EDDSA:
		if (EVP_PKEY_is_a(pair, "ED25519") || EVP_PKEY_is_a(pair, "ED448"))
			return NULL;
	}
	return arena_printf(arena, "is a key of the kind %s, not one for %s",
	    EVP_PKEY_get0_type_name(pair), algorithm->name);
}

/* The public half, by way of its encoding. */
static EVP_PKEY *
public_half(EVP_PKEY *pair)
{
	unsigned char *der = NULL;
	int length = i2d_PUBKEY(pair, &der);
	const unsigned char *at = der;
	EVP_PKEY *half = length <= 0 ? NULL : d2i_PUBKEY(NULL, &at, length);

	OPENSSL_free(der);
	return half;
}

static bool
use_padding(EVP_PKEY_CTX *context, const struct algorithm *algorithm, const EVP_MD *digest)
{
	if (EVP_PKEY_CTX_set_signature_md(context, digest) != 1)
		return false;
	if (algorithm->family == FAMILY_RSA)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	if (algorithm->family != FAMILY_PSS)
		return true;
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1;
}

static bool
prepare_edwards(struct key *key)
{
	key->hash = EVP_MD_CTX_new();
	key->verifying = EVP_MD_CTX_new();
	if (key->hash == NULL || key->verifying == NULL ||
	    EVP_DigestVerifyInit_ex(key->verifying, NULL, NULL, NULL, NULL, key->pair, NULL) != 1)
		return false;
	if (!key->signs)
		return true;
	key->signing = EVP_MD_CTX_new();
	return key->signing != NULL &&
	       EVP_DigestSignInit_ex(key->signing, NULL, NULL, NULL, NULL, key->pair, NULL) == 1;
}

static bool
prepare_digested(struct key *key)
{
	const struct algorithm *algorithm = key->algorithm;

	key->digest = EVP_MD_fetch(NULL, algorithm->digest, NULL);
	key->hash = EVP_MD_CTX_new();
	key->verifier = EVP_PKEY_CTX_new_from_pkey(NULL, key->pair, NULL);
	if (key->digest == NULL || key->hash == NULL || key->verifier == NULL ||
	    EVP_PKEY_verify_init(key->verifier) != 1 ||
	    !use_padding(key->verifier, algorithm, key->digest))
		return false;
	if (!key->signs)
		return true;
	key->signer = EVP_PKEY_CTX_new_from_pkey(NULL, key->pair, NULL);
	return key->signer != NULL && EVP_PKEY_sign_init(key->signer) == 1 &&
	       use_padding(key->signer, algorithm, key->digest);
}

/* An RSA exponent of 1, say, would make every signature right. */
static bool
is_public_key(EVP_PKEY *pair)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
	bool good = context != NULL && EVP_PKEY_public_check_quick(context) == 1;

	EVP_PKEY_CTX_free(context);
	return good;
}

/* A file may hold halves of two keys. A signature is faster than OpenSSL's check of the primes. */
static bool
halves_belong_together(const struct key *key)
{
	struct bytes text = bytes_of("a signature");
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length;

	return key_sign(key, text, signature, &length) &&
	       key_verify(key, text, (struct bytes){(char *)signature, length});
}

/* Takes the pair over; false with *why if it cannot be a key of the algorithm. */
static bool
use_pair(struct arena *arena, struct key *key, EVP_PKEY *pair, const char **why)
{
	key->pair = pair;
	*why = misfit(arena, key->algorithm, pair);
	if (*why != NULL)
		return false;
	*why = "is damaged: its numbers do not make a key";
	if (!is_public_key(pair))
		return false;
	*why = "is more than OpenSSL can do here";
	if (!key->signs) {
		key->pair = public_half(pair);
		EVP_PKEY_free(pair);
	}
	if (key->pair == NULL || !jwk_describe(key))
		return false;
	key->bits = EVP_PKEY_get_bits(key->pair);
	make_headers(key);
	if (key->algorithm->family == FAMILY_EDDSA ? !prepare_edwards(key) : !prepare_digested(key))
		return false;
	*why = "is damaged: its private half belongs to another key";
	return !key->signs || halves_belong_together(key);
}

struct key *
key_of_pair(struct arena *arena, const struct algorithm *algorithm, EVP_PKEY *pair, bool private,
    const char **why)
{
	struct key *key = key_new(algorithm);

	key->signs = private;
	if (use_pair(arena, key, pair, why))
		return key;
	ERR_clear_error();
	key_free(key);
	return NULL;
}

static const unsigned char *
raw(struct bytes bytes)
{
	return (const unsigned char *)bytes.data;
}

static bool
digest_of(const struct key *key, struct bytes input, unsigned char *digest, unsigned *length)
{
	return EVP_DigestInit_ex2(key->hash, key->digest, NULL) == 1 &&
	       EVP_DigestUpdate(key->hash, input.data, input.length) == 1 &&
	       EVP_DigestFinal_ex(key->hash, digest, length) == 1;
}

static bool
sign_digest(const struct key *key, struct bytes input, unsigned char *signature, size_t *length)
{
	unsigned char digest[EVP_MAX_MD_SIZE], der[ECDSA_DER_MAXIMUM];
	size_t half = key->algorithm->length, der_length = sizeof(der);
	unsigned digest_length;

	if (!digest_of(key, input, digest, &digest_length))
		return false;
	*length = SIGNATURE_MAXIMUM;
	if (key->algorithm->family != FAMILY_ECDSA)
		return EVP_PKEY_sign(key->signer, signature, length, digest, digest_length) == 1;
	*length = 2 * half;
	return EVP_PKEY_sign(key->signer, der, &der_length, digest, digest_length) == 1 &&
	       ecdsa_from_der((struct bytes){(char *)der, der_length}, half, signature);
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
	if (key->algorithm->family == FAMILY_EDDSA) {
		*length = SIGNATURE_MAXIMUM;
		done = EVP_MD_CTX_copy_ex(key->hash, key->signing) == 1 &&
		       EVP_DigestSign(key->hash, signature, length, raw(input), input.length) == 1;
	} else {
		done = sign_digest(key, input, signature, length);
	}
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

static bool
verify_digest(const struct key *key, struct bytes input, struct bytes signature)
{
	unsigned char digest[EVP_MAX_MD_SIZE], der[ECDSA_DER_MAXIMUM];
	unsigned digest_length;

	if (key->algorithm->family == FAMILY_ECDSA) {
		size_t length;

		if (!ecdsa_to_der(signature, key->algorithm->length, der, &length))
			return false;
		signature = (struct bytes){(char *)der, length};
	}
	return digest_of(key, input, digest, &digest_length) &&
	       EVP_PKEY_verify(
		   key->verifier, raw(signature), signature.length, digest, digest_length) == 1;
}

bool
key_verify(const struct key *key, struct bytes input, struct bytes signature)
{
	bool good;

	if (key->hmac != NULL)
		return verify_hmac(key, input, signature);
	if (signature.length == 0 || signature.length > SIGNATURE_MAXIMUM)
		return false;
	if (key->algorithm->family == FAMILY_EDDSA)
		good = EVP_MD_CTX_copy_ex(key->hash, key->verifying) == 1 &&
		       EVP_DigestVerify(key->hash, raw(signature), signature.length, raw(input),
			   input.length) == 1;
	else
		good = verify_digest(key, input, signature);
	if (!good)
		ERR_clear_error();
	return good;
}

size_t
key_hash(const struct key *key, struct bytes input, unsigned char *hash)
{
	const EVP_MD *digest = key->digest;
	unsigned length;

	if (key->pair != NULL && EVP_PKEY_is_a(key->pair, "ED25519"))
		digest = EVP_sha512();
	if (digest == NULL ||
	    EVP_Digest(input.data, input.length, hash, &length, digest, NULL) != 1)
		return 0;
	return length;
}
