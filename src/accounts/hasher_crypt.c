#include "accounts/crypt_method.h"
#include "accounts/hashers.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* phrase: a C string. The failure tokens "*0" and "*1" of crypt_r(3) are no hashes: UNDECIDED. */
static enum verdict
crypt_compare(const char *phrase, const char *stored)
{
	struct crypt_data data = {.initialized = 0};
	const char *hash = crypt_r(phrase, stored, &data);
	enum verdict verdict = VERDICT_NO;

	if (!hash || *hash == '*')
		verdict = VERDICT_UNDECIDED;
	else if (strlen(hash) == strlen(stored) && CRYPTO_memcmp(hash, stored, strlen(stored)) == 0)
		verdict = VERDICT_YES;
	explicit_bzero(&data, sizeof data);
	return verdict;
}

/*
 * A password longer than the CRYPT_MAX_PASSPHRASE_SIZE of libxcrypt has never been stored with it:
 * it is a no that takes the work of a check, so that it does not tell that there is such a user.
 */
static enum verdict
crypt_verify(struct bytes password, const char *stored)
{
	char phrase[CRYPT_MAX_PASSPHRASE_SIZE];
	bool fits = password.length < sizeof phrase;
	enum verdict verdict;

	if (!fits)
		password.length = sizeof phrase - 1;
	memcpy(phrase, password.data, password.length);
	phrase[password.length] = '\0';
	verdict = crypt_compare(phrase, stored);
	explicit_bzero(phrase, sizeof phrase);
	return fits || verdict == VERDICT_UNDECIDED ? verdict : VERDICT_NO;
}

/*
 * libxcrypt says EINVAL for a broken string and for want of memory alike; so see whether there is
 * any. volatile, because compilers drop an unused allocation.
 */
static enum verdict
failure_verdict(size_t size)
{
	void *volatile memory;

	if (size == 0)
		return VERDICT_NO;
	memory = malloc(size + (1 << 20));
	if (!memory)
		return VERDICT_UNDECIDED;
	free(memory);
	return VERDICT_NO;
}

enum verdict
hasher_crypt(struct bytes password, const char *value, long limit)
{
	const struct crypt_method *method = crypt_method_of(value);
	enum verdict verdict;
	double work;

	if (!method)
		return VERDICT_NO;
	work = method->work(value + strlen(method->prefix));
	if (work == 0 || work > (double)limit)
		return VERDICT_NO;
	if (method->cut > 0 && password.length > method->cut)
		password.length = method->cut;
	verdict = crypt_verify(password, value);
	return verdict == VERDICT_UNDECIDED ? failure_verdict(crypt_method_memory(method, work))
					    : verdict;
}

bool
hasher_crypt_is_strong(const char *value)
{
	const struct crypt_method *method = crypt_method_of(value);

	return method && method->work(value + strlen(method->prefix)) >= method->strong;
}

enum verdict
hasher_bcrypt(struct bytes password, const char *value, long limit)
{
	return strncmp(value, "$2", 2) == 0 ? hasher_crypt(password, value, limit) : VERDICT_NO;
}

/* Django hashes first so that nothing is cut, and in hexadecimal so that no NUL ends it. */
enum verdict
hasher_bcrypt_sha256(struct bytes password, const char *value, long limit)
{
	unsigned char digest[32];
	char hex[2 * sizeof digest + 1];
	enum verdict verdict = VERDICT_UNDECIDED;

	if (EVP_Digest(password.data, password.length, digest, NULL, EVP_sha256(), NULL) == 1 &&
	    OPENSSL_buf2hexstr_ex(hex, sizeof hex, NULL, digest, sizeof digest, '\0') == 1) {
		for (char *c = hex; *c; c++)
			*c = (char)(*c >= 'A' ? *c | 0x20 : *c);
		verdict = hasher_bcrypt((struct bytes){hex, sizeof hex - 1}, value, limit);
	}
	explicit_bzero(digest, sizeof digest);
	explicit_bzero(hex, sizeof hex);
	return verdict;
}

/* "salt$hash", where only the hash counts: thirteen digits of DES, or a string as in shadow(5). */
enum verdict
hasher_legacy_crypt(struct bytes password, const char *value, long limit)
{
	const char *hash = strchr(value, '$');

	if (!hash)
		return VERDICT_NO;
	hash++;
	if (*hash == '$')
		return hasher_crypt(password, hash, limit);
	if (strlen(hash) != 13 || strspn(hash, crypt_digits) != 13)
		return VERDICT_NO;
	return crypt_verify(password, hash) == VERDICT_YES ? VERDICT_YES : VERDICT_NO;
}
