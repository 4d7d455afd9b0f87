#include "signing/keyring.h"

#include "base/file.h"
#include "base/log.h"
#include "signing/b64url.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

static const struct algorithm {
	const char *name, *digest;
	size_t length; /* of a signature and, at least, of the secret */
} algorithms[] = {
    {"HS256", "SHA256", 32},
    {"HS384", "SHA384", 48},
    {"HS512", "SHA512", 64},
};

struct key {
	const struct algorithm *algorithm;
	struct bytes header;
	EVP_MAC_CTX *mac; /* with the secret in it; restarted for each use */
};

struct keyring {
	struct key signer;
};

static const struct algorithm *
algorithm_find(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

static EVP_MAC_CTX *
hmac_new(const struct algorithm *algorithm, struct bytes secret)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
	char digest[16];
	OSSL_PARAM parameters[2];

	strcpy(digest, algorithm->digest);
	parameters[0] = OSSL_PARAM_construct_utf8_string("digest", digest, 0);
	parameters[1] = OSSL_PARAM_construct_end();
	EVP_MAC_free(hmac);
	if (mac != NULL &&
	    EVP_MAC_init(mac, (const unsigned char *)secret.data, secret.length, parameters) == 1)
		return mac;
	EVP_MAC_CTX_free(mac);
	return NULL;
}

static struct bytes
header_make(struct arena *arena, const struct algorithm *algorithm)
{
	const char *header =
	    arena_printf(arena, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", algorithm->name);
	struct buffer encoded = {.arena = arena};

	b64url_encode(&encoded, bytes_of(header));
	return buffer_bytes(&encoded);
}

/* The secret's bytes; the setting's text or the file's content but for one newline at its end. */
static bool
read_secret(struct arena *arena, const struct config *config, struct bytes *out)
{
	const char *why;

	if (config->signing_key != NULL) {
		*out = bytes_of(config->signing_key);
		return true;
	}
	if (config->signing_key_file == NULL) {
		log_line("no key: set JWT_SIGNING_KEY_FILE (or JWT_SIGNING_KEY)");
		return false;
	}
	if (!file_read_secret(arena, config->signing_key_file, out, &why)) {
		log_line("JWT_SIGNING_KEY_FILE %s %s", config->signing_key_file, why);
		return false;
	}
	if (out->length > 0 && out->data[out->length - 1] == '\n')
		out->length--;
	return true;
}

static bool
key_load(struct key *key, struct arena *arena, struct arena *scratch, const struct config *config)
{
	const struct algorithm *algorithm = algorithm_find(config->algorithm);
	struct bytes secret;

	if (!read_secret(scratch, config, &secret))
		return false;
	if (secret.length < algorithm->length) {
		log_line(
		    "the signing key has %zu bytes; %s needs at least %zu (RFC 7518 section 3.2)",
		    secret.length, algorithm->name, algorithm->length);
		return false;
	}
	key->algorithm = algorithm;
	key->header = header_make(arena, algorithm);
	key->mac = hmac_new(algorithm, secret);
	if (key->mac == NULL)
		log_line("OpenSSL has no HMAC with %s", algorithm->digest);
	return key->mac != NULL;
}

struct keyring *
keyring_load(const struct config *config)
{
	struct arena *arena = arena_new(), *scratch = arena_new();
	struct keyring *keyring = arena_alloc(arena, sizeof(*keyring));
	bool loaded = key_load(&keyring->signer, arena, scratch, config);

	arena_free(scratch);
	if (loaded)
		return keyring;
	arena_free(arena);
	return NULL;
}

const struct key *
keyring_signer(const struct keyring *keyring)
{
	return &keyring->signer;
}

struct bytes
key_header(const struct key *key)
{
	return key->header;
}

const char *
key_algorithm(const struct key *key)
{
	return key->algorithm->name;
}

bool
key_sign(const struct key *key, struct bytes input, unsigned char *signature, size_t *length)
{
	return EVP_MAC_init(key->mac, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(key->mac, (const unsigned char *)input.data, input.length) == 1 &&
	       EVP_MAC_final(key->mac, signature, length, SIGNATURE_MAXIMUM) == 1;
}

bool
key_verify(const struct key *key, struct bytes input, struct bytes signature)
{
	unsigned char expected[SIGNATURE_MAXIMUM];
	size_t length;
	bool same = key_sign(key, input, expected, &length) && signature.length == length &&
		    CRYPTO_memcmp(signature.data, expected, length) == 0;

	explicit_bzero(expected, sizeof(expected));
	return same;
}
