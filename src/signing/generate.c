#include "signing/generate.h"

#include "signing/b64url.h"
#include "signing/pem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <strings.h>

/* base64url of random bytes: at least as many characters as any algorithm wants bytes. */
static const char *
generate_secret(struct arena *arena)
{
	struct buffer text = {.arena = arena};
	unsigned char random[48];

	if (RAND_priv_bytes(random, sizeof(random)) != 1)
		return NULL;
	b64url_encode(&text, (struct bytes){(char *)random, sizeof(random)});
	explicit_bzero(random, sizeof(random));
	return text.data;
}

const char *
generate(struct arena *arena, const struct algorithm *algorithm, int bits, const char *curve)
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
		pair = EVP_PKEY_Q_keygen(
		    NULL, NULL, strcasecmp(curve, "Ed448") == 0 ? "ED448" : "ED25519");
	}
	if (pair != NULL)
		text = pem_private(arena, pair);
	EVP_PKEY_free(pair);
	return text;
}
