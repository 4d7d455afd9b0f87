#include "signing/hmac.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define BLOCK_MAXIMUM 128 /* of SHA-384 and SHA-512 */

/* The hash of the padded secret, and one that goes on from there for each tag. */
struct half {
	EVP_MD_CTX *begun, *going;
};

struct hmac {
	struct half inner, outer;
};

static bool
half_begin(struct half *half, const EVP_MD *digest, const unsigned char *secret, unsigned char pad)
{
	unsigned char block[BLOCK_MAXIMUM];
	size_t size = (size_t)EVP_MD_get_block_size(digest);
	bool done;

	for (size_t i = 0; i < size; i++)
		block[i] = secret[i] ^ pad;
	half->begun = EVP_MD_CTX_new();
	half->going = EVP_MD_CTX_new();
	done = half->begun != NULL && half->going != NULL &&
	       EVP_DigestInit_ex2(half->begun, digest, NULL) == 1 &&
	       EVP_DigestUpdate(half->begun, block, size) == 1;
	explicit_bzero(block, sizeof(block));
	return done;
}

static bool
half_end(const struct half *half, struct bytes input, unsigned char *hash, unsigned *length)
{
	return EVP_MD_CTX_copy_ex(half->going, half->begun) == 1 &&
	       EVP_DigestUpdate(half->going, input.data, input.length) == 1 &&
	       EVP_DigestFinal_ex(half->going, hash, length) == 1;
}

static bool
begin(struct hmac *hmac, const EVP_MD *digest, struct bytes secret)
{
	unsigned char block[BLOCK_MAXIMUM] = {0};
	bool done = true;

	if (secret.length <= (size_t)EVP_MD_get_block_size(digest))
		memcpy(block, secret.data, secret.length);
	else
		done = EVP_Digest(secret.data, secret.length, block, NULL, digest, NULL) == 1;
	done = done && half_begin(&hmac->inner, digest, block, 0x36) &&
	       half_begin(&hmac->outer, digest, block, 0x5c);
	explicit_bzero(block, sizeof(block));
	return done;
}

struct hmac *
hmac_new(const char *name, struct bytes secret)
{
	struct hmac *hmac = calloc(1, sizeof(*hmac));
	EVP_MD *digest = EVP_MD_fetch(NULL, name, NULL);

	if (hmac == NULL || digest == NULL || !begin(hmac, digest, secret)) {
		hmac_free(hmac);
		hmac = NULL;
	}
	EVP_MD_free(digest);
	return hmac;
}

static void
half_free(struct half *half)
{
	EVP_MD_CTX_free(half->begun);
	EVP_MD_CTX_free(half->going);
}

void
hmac_free(struct hmac *hmac)
{
	if (hmac == NULL)
		return;
	half_free(&hmac->inner);
	half_free(&hmac->outer);
	free(hmac);
}

bool
hmac_make(const struct hmac *hmac, struct bytes input, unsigned char tag[static HMAC_MAXIMUM],
    size_t *length)
{
	unsigned size;

	if (!half_end(&hmac->inner, input, tag, &size) ||
	    !half_end(&hmac->outer, (struct bytes){(char *)tag, size}, tag, &size))
		return false;
	*length = size;
	return true;
}
