#include "signing/keyfile.h"

#include "base/b64url.h"
#include "base/file.h"
#include "base/log.h"
#include "signing/jwk.h"
#include "signing/pem.h"
#include "json/json.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

void
keyfile_free(struct keys *keys)
{
	while (keys->count > 0)
		key_free(keys->keys[--keys->count]);
}

static bool
add(struct keys *keys, struct key *key)
{
	if (key == NULL)
		return false;
	keys->keys[keys->count++] = key;
	return true;
}

/* A key on a curve has one algorithm; RSA keys and secrets fit several. */
static const struct algorithm *
usual_algorithm(const struct key_load_options *options, const struct algorithm *own)
{
	const struct algorithm *usual = options->usual;

	if (own == NULL || usual == NULL)
		return own;
	if (own->family == FAMILY_HMAC)
		return usual->family == FAMILY_HMAC ? usual : own;
	return own->family == FAMILY_RSA &&
		       (usual->family == FAMILY_RSA || usual->family == FAMILY_PSS)
		   ? usual
		   : own;
}

static bool
read_pem(struct arena *arena, struct bytes text, const struct key_load_options *options,
    struct keys *out, const char **why)
{
	const struct algorithm *algorithm = options->algorithm;
	EVP_PKEY *pair = pem_read(text, why);

	if (pair == NULL)
		return false;
	if (algorithm == NULL)
		algorithm = usual_algorithm(options, key_algorithm_of(pair));
	if (algorithm == NULL) {
		*why = "is a key of a kind that signs no tokens";
		EVP_PKEY_free(pair);
		return false;
	}
	return add(
	    out, key_of_pair(arena, algorithm, pair, options->signs && pem_is_private(text), why));
}

/* Keys that cannot be used are skipped (RFC 7517 section 5); one must be left. */
static bool
read_set(struct arena *arena, struct json_object *set, const struct key_load_options *options,
    struct keys *out, bool *secret, const char **why)
{
	*why = "is a JWK Set without a key";
	for (size_t i = 0; i < json_count(set) && out->count < KEYS_MAXIMUM; i++) {
		struct json_object *one = json_element(set, i);

		*secret = *secret || jwk_is_private(one);
		add(out, jwk_read(arena, one, options->algorithm, options->signs, why));
	}
	return out->count > 0;
}

static bool
read_secret(struct arena *arena, struct bytes text, const struct key_load_options *options,
    struct keys *out, const char **why)
{
	const struct algorithm *algorithm = options->algorithm;

	/* A public key in any form must not become an HMAC secret (RFC 8725 section 2.1). */
	if (text.length > 4 && memcmp(text.data, "ssh-", 4) == 0) {
		*why = "is a key of SSH; PEM, a JWK or a secret is expected";
		return false;
	}
	if (options->no_secret) {
		*why = "is neither PEM nor a JWK; the bytes of a secret stand in a file *.secret";
		return false;
	}
	if (algorithm == NULL)
		algorithm = usual_algorithm(options, algorithm_find(bytes_of("HS256")));
	return add(out, key_of_secret(arena, algorithm, text, why));
}

bool
keyfile_parse(struct arena *arena, struct bytes text, const struct key_load_options *options,
    struct keys *out, bool *secret, const char **why)
{
	struct json_object *json = NULL, *set;
	bool unused;

	out->count = 0;
	secret = secret == NULL ? &unused : secret;
	*secret = true;
	if (pem_is(text)) {
		*secret = pem_is_private(text);
		return read_pem(arena, text, options, out, why);
	}
	if (text.length > 0 && text.data[0] != '\0' && strchr("{ \t\r\n", text.data[0]) != NULL)
		json_parse(arena, text, JSON_STRICT, &json, NULL);
	set = json_member(json, "keys");
	if (json_kind(set) == JSON_ARRAY) {
		*secret = false;
		return read_set(arena, set, options, out, secret, why);
	}
	if (json_has(json, "kty")) {
		*secret = jwk_is_private(json);
		return add(out, jwk_read(arena, json, options->algorithm, options->signs, why));
	}
	return read_secret(arena, text, options, out, why);
}

bool
keyfile_read(struct arena *arena, const char *path, const struct key_load_options *options,
    struct keys *out, const char **why)
{
	struct file_access access;
	struct bytes text;
	bool secret;

	out->count = 0;
	if (!file_read(arena, path, &text, &access, why))
		return false;
	if (text.length > 0 && text.data[text.length - 1] == '\n')
		text.length--;
	if (!keyfile_parse(arena, text, options, out, &secret, why))
		return false;
	if (secret && text.data[text.length - 1] == '\r' && !pem_is(text) && text.data[0] != '{')
		log_warning("%s: ends with CR LF; the CR is part of the secret", path);
	*why = access.writable == NULL && secret ? access.readable : access.writable;
	if (*why == NULL || options->any_mode)
		return true;
	keyfile_free(out);
	return false;
}

/* 64 characters of base64url: HS512, which needs the longest secret, needs 64 bytes. */
static const char *
generate_secret(struct arena *arena)
{
	unsigned char random[48];
	const char *text = NULL;

	if (RAND_priv_bytes(random, sizeof(random)) == 1)
		text = b64url_text(arena, (struct bytes){(char *)random, sizeof(random)});
	explicit_bzero(random, sizeof(random));
	return text;
}

const char *
keyfile_generate(
    struct arena *arena, const struct algorithm *algorithm, int bits, const char *curve)
{
	EVP_PKEY *pair = NULL;
	const char *text = NULL;

	switch (algorithm->family) {
	case FAMILY_HMAC:
		return generate_secret(arena);
	case FAMILY_RSA:
	case FAMILY_PSS:
		pair = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
		break;
	case FAMILY_ECDSA:
		pair = EVP_PKEY_Q_keygen(NULL, NULL, "EC", algorithm->group);
		break;
	case FAMILY_EDDSA:
		pair = EVP_PKEY_Q_keygen(NULL, NULL, curve);
	}
	if (pair != NULL)
		text = pem_private(arena, pair);
	EVP_PKEY_free(pair);
	return text;
}
