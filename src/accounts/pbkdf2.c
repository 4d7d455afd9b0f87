/* The compression function is deprecated since OpenSSL 3.0, but EVP has no replacement. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "accounts/pbkdf2.h"

#include <openssl/evp.h>

#ifdef HAVE_SHA256_TRANSFORM

#include "base/crypto.h"

#include <sched.h>
#include <string.h>

/*
 * The processor is yielded to other processes after this many iterations, a third of a millisecond.
 * A nice value alone does not suffice: a batch process (http/main.c) that becomes runnable waits
 * for the kernel's next tick, up to four milliseconds, whatever process is running.
 */
enum { BLOCK_SIZE = 64, GIVE_WAY = 4096 };

/*
 * Four words are swapped in one register, because the compression function reads its block in
 * pieces of 16 bytes: a load that combines narrower stores stalls, twice per iteration (4 % with
 * gcc).
 */
typedef uint32_t words4 __attribute__((vector_size(16)));

static inline void
words_store(unsigned char *out, const SHA_LONG *words)
{
	words4 x;

	for (size_t i = 0; i < PBKDF2_SHA256_SIZE; i += sizeof(x)) {
		memcpy(&x, words + i / sizeof(*words), sizeof(x));
		if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
			x = (x >> 8 & 0x00ff00ff) | (x << 8 & 0xff00ff00);
			x = x >> 16 | x << 16;
		}
		memcpy(out + i, &x, sizeof(x));
	}
}

/* U_1 = HMAC(password, salt || INT(1)) */
static void
hmac_first(const struct crypto_hmac *hmac, struct bytes salt, unsigned char *out)
{
	static const unsigned char one[] = {0, 0, 0, 1};
	SHA256_CTX context = hmac->inner.state.narrow;

	SHA256_Update(&context, salt.data, salt.length);
	SHA256_Update(&context, one, sizeof(one));
	SHA256_Final(out, &context);
	context = hmac->outer.state.narrow;
	SHA256_Update(&context, out, PBKDF2_SHA256_SIZE);
	SHA256_Final(out, &context);
	explicit_bzero(&context, sizeof(context));
}

/*
 * T = U_1 ^ U_2 ^ ... Both halves of HMAC hash 32 bytes after a block of 64, so one prepared block,
 * with padding and length, serves all of them.
 */
static void
hmac_iterate(const struct crypto_hmac *hmac, long iterations, unsigned char *out)
{
	_Alignas(16) unsigned char block[BLOCK_SIZE] = {[32] = 0x80, [62] = 768 >> 8};
	SHA256_CTX context = hmac->inner.state.narrow;
	uint64_t sum[4], word[4];

	memcpy(block, out, PBKDF2_SHA256_SIZE);
	memcpy(sum, out, sizeof(sum));
	for (long i = 1; i < iterations; i++) {
		if (i % GIVE_WAY == 0)
			sched_yield();
		memcpy(context.h, hmac->inner.state.narrow.h, sizeof(context.h));
		SHA256_Transform(&context, block);
		words_store(block, context.h);
		memcpy(context.h, hmac->outer.state.narrow.h, sizeof(context.h));
		SHA256_Transform(&context, block);
		words_store(block, context.h);
		memcpy(word, block, sizeof(word));
		for (size_t j = 0; j < 4; j++)
			sum[j] ^= word[j];
	}
	memcpy(out, sum, sizeof(sum));
	explicit_bzero(&context, sizeof(context));
	explicit_bzero(block, sizeof(block));
	explicit_bzero(sum, sizeof(sum));
	explicit_bzero(word, sizeof(word));
}

bool
pbkdf2_sha256(struct bytes password, struct bytes salt, long iterations,
    unsigned char out[static PBKDF2_SHA256_SIZE])
{
	struct crypto_hmac hmac;

	crypto_hmac_begin(&hmac, PBKDF2_SHA256_SIZE, password);
	hmac_first(&hmac, salt, out);
	hmac_iterate(&hmac, iterations, out);
	explicit_bzero(&hmac, sizeof(hmac));
	return true;
}

#else

bool
pbkdf2_sha256(struct bytes password, struct bytes salt, long iterations,
    unsigned char out[static PBKDF2_SHA256_SIZE])
{
	return PKCS5_PBKDF2_HMAC(password.data, (int)password.length,
		   (const unsigned char *)salt.data, (int)salt.length, (int)iterations,
		   EVP_sha256(), PBKDF2_SHA256_SIZE, out) == 1;
}

#endif
