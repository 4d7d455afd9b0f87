#include "signing/key.h"

#include "base/b64url.h"
#include "base/crypto.h"
#include "signing/jwk.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

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
	EVP_MD_CTX_free(key->signing);
	EVP_MD_CTX_free(key->verifying);
	EVP_MD_CTX_free(key->in_use);
	EVP_PKEY_free(key->pair);
	arena_free(key->arena);
}

/* Members are in PyJWT's order. */
struct bytes
key_header(struct arena *arena, const struct key *key, const char *id, const char *type)
{
	struct buffer text = {.arena = arena};

	buffer_printf(&text, "{\"alg\":\"%s\",", key->algorithm->name);
	if (id != NULL)
		buffer_printf(&text, "\"kid\":\"%s\",", id);
	buffer_printf(&text, "\"typ\":\"%s\"}", type);
	return bytes_of(b64url_text(arena, buffer_bytes(&text)));
}

static void
make_headers(struct key *key)
{
	key->header = key_header(key->arena, key, NULL, "JWT");
	key->header_with_id = key_header(key->arena, key, key->id, "JWT");
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

/* NULL if the algorithm can use the pair, else the reason. */
static const char *
misfit(struct arena *arena, const struct algorithm *algorithm, EVP_PKEY *pair)
{
	const struct algorithm *own = key_algorithm_of(pair);
	bool is_rsa = algorithm->family == FAMILY_RSA || algorithm->family == FAMILY_PSS;
	int bits = EVP_PKEY_get_bits(pair);

	if (is_rsa && EVP_PKEY_is_a(pair, "RSA"))
		return bits >= RSA_MINIMUM && bits <= RSA_MAXIMUM
			   ? NULL
			   : arena_printf(arena,
				 "has %d bits; RSA keys need %d to %d (RFC 7518 section 3.3)", bits,
				 RSA_MINIMUM, RSA_MAXIMUM);
	if (own == algorithm)
		return NULL;
	if (algorithm->family == FAMILY_ECDSA && EVP_PKEY_is_a(pair, "EC"))
		return arena_printf(arena, "is not on the curve %s, which %s needs",
		    algorithm->curve, algorithm->name);
	return arena_printf(arena, "is a key of the kind %s, not one for %s",
	    EVP_PKEY_get0_type_name(pair), algorithm->name);
}

/* A copy of the public half, made by encoding it. */
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

/* init: EVP_DigestSignInit_ex() or EVP_DigestVerifyInit_ex(), which have the same type. */
static bool
prepare(const struct key *key, EVP_MD_CTX **out, __typeof__(EVP_DigestSignInit_ex) *init)
{
	EVP_PKEY_CTX *context = NULL; /* belongs to *out */

	*out = EVP_MD_CTX_new();
	if (*out == NULL ||
	    init(*out, &context, key->algorithm->digest, NULL, NULL, key->pair, NULL) != 1)
		return false;
	return key->algorithm->family != FAMILY_PSS ||
	       (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		   EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* With an RSA exponent of 1, for example, anybody could make signatures. */
static bool
is_public_key(EVP_PKEY *pair)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
	bool good = context != NULL && EVP_PKEY_public_check_quick(context) == 1;

	EVP_PKEY_CTX_free(context);
	return good;
}

/* A file may hold halves of two keys. Signing once is faster than OpenSSL's check of primes. */
static bool
halves_belong_together(const struct key *key)
{
	struct bytes text = bytes_of("a signature");
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length;

	return key_sign(key, text, signature, &length) &&
	       key_verify(key, text, (struct bytes){(char *)signature, length});
}

/* Takes ownership of the pair; false with *why if the algorithm cannot use it. */
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
	key->in_use = EVP_MD_CTX_new();
	if (key->in_use == NULL || !prepare(key, &key->verifying, EVP_DigestVerifyInit_ex) ||
	    (key->signs && !prepare(key, &key->signing, EVP_DigestSignInit_ex)))
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
