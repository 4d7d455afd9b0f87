/*
 * The public JWK of a key, and its thumbprint (RFC 7638), which is the key's id.
 */
#include "signing/jwk.h"

#include "base/b64url.h"
#include "base/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

/* Adds a number in base64url, padded with zeros to at least `least` bytes. */
static bool
put_number(struct json_object *jwk, const char *name, const struct key *key, const char *parameter,
    int least)
{
	BIGNUM *number = NULL;
	bool done = EVP_PKEY_get_bn_param(key->pair, parameter, &number) == 1;

	if (done) {
		int size = BN_num_bytes(number) > least ? BN_num_bytes(number) : least;
		unsigned char *bytes = arena_alloc(key->arena, (size_t)size);

		done = BN_bn2binpad(number, bytes, size) == size;
		json_put_text(jwk, name,
		    b64url_text(key->arena, (struct bytes){(char *)bytes, (size_t)size}));
	}
	BN_free(number);
	return done;
}

/* Adds the public point of an Edwards curve. */
static bool
put_point(struct json_object *jwk, const char *name, const struct key *key)
{
	unsigned char bytes[64];
	size_t length = sizeof(bytes);
	bool done = EVP_PKEY_get_raw_public_key(key->pair, bytes, &length) == 1;

	if (done)
		json_put_text(
		    jwk, name, b64url_text(key->arena, (struct bytes){(char *)bytes, length}));
	return done;
}

/* Adds the members that the thumbprint covers, in its order (RFC 7638 section 3.2). */
static bool
put_required(struct json_object *jwk, const struct key *key)
{
	int length = (int)key->algorithm->length;

	switch (key->algorithm->family) {
	case FAMILY_RSA:
	case FAMILY_PSS:
		if (!put_number(jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 1))
			return false;
		json_put_text(jwk, "kty", "RSA");
		return put_number(jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 1);
	case FAMILY_ECDSA:
		json_put_text(jwk, "crv", key->algorithm->curve);
		json_put_text(jwk, "kty", "EC");
		return put_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, length) &&
		       put_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, length);
	case FAMILY_EDDSA:
		json_put_text(jwk, "crv", EVP_PKEY_is_a(key->pair, "ED448") ? "Ed448" : "Ed25519");
		json_put_text(jwk, "kty", "OKP");
		return put_point(jwk, "x", key);
	case FAMILY_HMAC:
		break;
	}
	return false;
}

static const char *
thumbprint(struct arena *arena, struct bytes members)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	crypto_sha256(members, digest);
	return b64url_text(arena, (struct bytes){(char *)digest, sizeof(digest)});
}

bool
jwk_describe(struct key *key)
{
	struct json_object *jwk = json_new_object(key->arena);
	struct buffer members = {.arena = key->arena}, text = {.arena = key->arena};

	if (!put_required(jwk, key))
		return false;
	json_write(&members, jwk, true);
	key->id = thumbprint(key->arena, buffer_bytes(&members));
	json_put_text(jwk, "kid", key->id);
	json_put_text(jwk, "use", "sig");
	json_put_text(jwk, "alg", key->algorithm->name);
	json_write(&text, jwk, true);
	key->jwk = text.data;
	return true;
}

const char *
jwk_thumbprint_secret(struct arena *arena, struct bytes secret)
{
	struct arena *scratch = arena_new();
	struct buffer members = {.arena = scratch};
	const char *id;

	buffer_puts(&members, "{\"k\":\"");
	b64url_encode(&members, secret);
	buffer_puts(&members, "\",\"kty\":\"oct\"}");
	id = thumbprint(arena, buffer_bytes(&members));
	arena_free(scratch);
	return id;
}
