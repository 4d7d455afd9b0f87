/* These functions are deprecated since OpenSSL 3.0; the header says why EVP is not used. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/crypto.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/random.h>

static void *
allocate(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return size == 0 ? NULL : memory_need(malloc(size));
}

static void *
reallocate(void *piece, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	if (size > 0)
		return memory_need(realloc(piece, size));
	free(piece);
	return NULL;
}

void
crypto_start(void)
{
	CRYPTO_set_mem_functions(allocate, reallocate, NULL); /* free(3) stays */
}

/* The kernel's generator; seeding OpenSSL's own from it would cost a millisecond. */
bool
crypto_random(void *out, size_t size)
{
	return getrandom(out, size, 0) == (ssize_t)size;
}

static bool
is_narrow(const struct crypto_sha2 *hash)
{
	return hash->length == SHA256_DIGEST_LENGTH;
}

static void
sha2_begin(struct crypto_sha2 *hash, size_t length)
{
	hash->length = length;
	if (is_narrow(hash))
		SHA256_Init(&hash->state.narrow);
	else if (length == SHA384_DIGEST_LENGTH)
		SHA384_Init(&hash->state.wide);
	else
		SHA512_Init(&hash->state.wide);
}

static void
sha2_add(struct crypto_sha2 *hash, struct bytes input)
{
	if (is_narrow(hash))
		SHA256_Update(&hash->state.narrow, input.data, input.length);
	else
		SHA512_Update(&hash->state.wide, input.data, input.length);
}

/* SHA-384 is SHA-512 with another initial state, truncated; the state knows the length. */
static void
sha2_end(struct crypto_sha2 *hash, unsigned char *out)
{
	if (is_narrow(hash))
		SHA256_Final(out, &hash->state.narrow);
	else
		SHA512_Final(out, &hash->state.wide);
}

void
crypto_sha256_pieces(
    const struct bytes *pieces, size_t count, unsigned char hash[static SHA256_DIGEST_LENGTH])
{
	SHA256_CTX state;

	SHA256_Init(&state);
	for (size_t i = 0; i < count; i++)
		SHA256_Update(&state, pieces[i].data, pieces[i].length);
	SHA256_Final(hash, &state); /* wipes the input that it holds */
}

void
crypto_sha256(struct bytes input, unsigned char hash[static SHA256_DIGEST_LENGTH])
{
	crypto_sha256_pieces(&input, 1, hash);
}

/* secret: a whole block, padded with zeros. */
static void
begin_half(struct crypto_sha2 *half, size_t length, const unsigned char *secret, unsigned char pad)
{
	unsigned char block[SHA512_CBLOCK];
	size_t size;

	sha2_begin(half, length);
	size = is_narrow(half) ? SHA256_CBLOCK : SHA512_CBLOCK;
	for (size_t i = 0; i < size; i++)
		block[i] = secret[i] ^ pad;
	sha2_add(half, (struct bytes){(char *)block, size});
	explicit_bzero(block, sizeof(block));
}

void
crypto_hmac_begin(struct crypto_hmac *hmac, size_t length, struct bytes secret)
{
	unsigned char block[SHA512_CBLOCK] = {0};

	sha2_begin(&hmac->inner, length);
	if (secret.length <= (is_narrow(&hmac->inner) ? SHA256_CBLOCK : SHA512_CBLOCK)) {
		memcpy(block, secret.data, secret.length);
	} else {
		sha2_add(&hmac->inner, secret);
		sha2_end(&hmac->inner, block);
	}
	begin_half(&hmac->inner, length, block, 0x36);
	begin_half(&hmac->outer, length, block, 0x5c);
	explicit_bzero(block, sizeof(block));
}

static void
end_half(const struct crypto_sha2 *half, struct bytes input, unsigned char *hash)
{
	struct crypto_sha2 going = *half;

	sha2_add(&going, input);
	sha2_end(&going, hash);
	explicit_bzero(&going, sizeof(going));
}

size_t
crypto_hmac_tag(const struct crypto_hmac *hmac, struct bytes input,
    unsigned char tag[static CRYPTO_HMAC_MAXIMUM])
{
	end_half(&hmac->inner, input, tag);
	end_half(&hmac->outer, (struct bytes){(char *)tag, hmac->inner.length}, tag);
	return hmac->inner.length;
}
