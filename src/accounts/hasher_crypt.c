#include "accounts/field.h"
#include "accounts/hashers.h"

#include <crypt.h>
#include <math.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { BCRYPT_MOST = 72 }; /* what bcrypt reads of a password */

/* What yescrypt's and scrypt's strings ask for is N r blocks of memory, each some work. */
enum { BLOCK_BYTES = 128, BLOCK_WORK = 5 };

static double
memory_hard_work(int n_log2, int64_t r, int64_t p)
{
	if (n_log2 < 1 || n_log2 > 23 || r < 1 || r > 1 << 23 || p < 1 || p > 1 << 23)
		return 0;
	if (r << n_log2 > 1 << 23 || r * p > 1 << 20)
		return 0;
	return (double)(r << n_log2) * (double)p * BLOCK_WORK;
}

static int
crypt_digit(char c)
{
	static const char digits[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Thirty bits in five digits, the lowest first. */
static int64_t
crypt_digits(const char *text)
{
	int64_t number = 0;

	for (int i = 0; i < 5; i++) {
		int digit = crypt_digit(text[i]);

		if (digit < 0)
			return 0;
		number |= (int64_t)digit << 6 * i;
	}
	return number;
}

/* "12$" */
static double
bcrypt_work(const char *text)
{
	int cost;

	if (text[0] < '0' || text[0] > '3' || text[1] < '0' || text[1] > '9' || text[2] != '$')
		return 0;
	cost = (text[0] - '0') * 10 + text[1] - '0';
	return cost < 4 || cost > 31 ? 0 : (double)(1L << cost) * 640;
}

/* "salt$" or "rounds=5000$salt$" */
static double
sha_work(const char *text)
{
	long rounds = 5000;

	if (field_skip(&text, "rounds=") && !field_number(&text, '$', 999999999, &rounds))
		return 0;
	return (double)rounds * 6;
}

/* "40000$salt$" */
static double
sha1_work(const char *text)
{
	long rounds;

	return field_number(&text, '$', 999999999, &rounds) ? (double)rounds * 13 : 0;
}

/* "$salt$" or ",rounds=5000$salt$" */
static double
sun_md5_work(const char *text)
{
	long rounds = 1;

	if (field_skip(&text, ",rounds=") && !field_number(&text, '$', 999999999, &rounds))
		return 0;
	return (double)(rounds + 4096) * 14;
}

static double
md5_work(const char *text)
{
	(void)text;
	return 6000;
}

static double
nt_work(const char *text)
{
	(void)text;
	return 20;
}

/*
 * "j9T$": flavour, log2 N - 1 and r - 1. Only this shape, which crypt_gensalt(3) makes; a fourth
 * character would announce further parameters, a digit above 47 a longer number.
 */
static double
yescrypt_work(const char *text)
{
	int digits[3];

	for (int i = 0; i < 3; i++) {
		digits[i] = crypt_digit(text[i]);
		if (digits[i] < 0 || digits[i] > 47)
			return 0;
	}
	if (text[3] != '$')
		return 0;
	return memory_hard_work(digits[1] + 1, digits[2] + 1, 1);
}

/* "CU..../....salt$": log2 N, r, p */
static double
scrypt_work(const char *text)
{
	if (strlen(text) < 11)
		return 0;
	return memory_hard_work(crypt_digit(*text), crypt_digits(text + 1), crypt_digits(text + 6));
}

/* The methods of crypt(5). libxcrypt itself would work for days where a string asks for it. */
static const struct method {
	const char *prefix;
	double (*work)(const char *parameters); /* about how many PBKDF2 iterations; 0: broken */
	double strong;                          /* from this work on it is as good as ours */
	bool memory_hard;
} methods[] = {
    {"$2a$", bcrypt_work, 640 << 10, false},
    {"$2b$", bcrypt_work, 640 << 10, false},
    {"$2x$", bcrypt_work, HUGE_VAL, false},
    {"$2y$", bcrypt_work, 640 << 10, false},
    {"$y$", yescrypt_work, 1, true},
    {"$gy$", yescrypt_work, 1, true},
    {"$sm3y$", yescrypt_work, 1, true},
    {"$7$", scrypt_work, 1, true},
    {"$6$", sha_work, HUGE_VAL, false},
    {"$5$", sha_work, HUGE_VAL, false},
    {"$sm3$", sha_work, HUGE_VAL, false},
    {"$sha1$", sha1_work, HUGE_VAL, false},
    {"$md5", sun_md5_work, HUGE_VAL, false},
    {"$1$", md5_work, HUGE_VAL, false},
    {"$3$", nt_work, HUGE_VAL, false},
};

static const struct method *
method_of(const char *setting)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strncmp(setting, methods[i].prefix, strlen(methods[i].prefix)) == 0)
			return methods + i;
	return NULL;
}

bool
hasher_crypt_is_strong(const char *value)
{
	const struct method *method = method_of(value);

	return method && method->work(value + strlen(method->prefix)) >= method->strong;
}

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
 * any. volatile, because compilers drop an allocation that nobody uses.
 */
static enum verdict
failure_verdict(const struct method *method, double work)
{
	void *volatile memory;

	if (!method->memory_hard)
		return VERDICT_NO;
	memory = malloc((size_t)(work / BLOCK_WORK * BLOCK_BYTES) + (1 << 20));
	if (!memory)
		return VERDICT_UNDECIDED;
	free(memory);
	return VERDICT_NO;
}

enum verdict
hasher_crypt(struct bytes password, const char *value, long limit)
{
	const struct method *method = method_of(value);
	enum verdict verdict;
	double work;

	if (!method)
		return VERDICT_NO;
	work = method->work(value + strlen(method->prefix));
	if (work == 0 || work > (double)limit)
		return VERDICT_NO;
	if (method->work == bcrypt_work && password.length > BCRYPT_MOST)
		password.length = BCRYPT_MOST;
	verdict = crypt_verify(password, value);
	return verdict == VERDICT_UNDECIDED ? failure_verdict(method, work) : verdict;
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

/* "salt$hash", where only the hash counts: thirteen characters of DES, or a string as in shadow(5).
 */
enum verdict
hasher_legacy_crypt(struct bytes password, const char *value, long limit)
{
	const char *hash = strchr(value, '$');
	size_t length = 0;

	if (!hash)
		return VERDICT_NO;
	hash++;
	if (*hash == '$')
		return hasher_crypt(password, hash, limit);
	while (crypt_digit(hash[length]) >= 0)
		length++;
	if (length != 13 || hash[length] != '\0')
		return VERDICT_NO;
	return crypt_verify(password, hash) == VERDICT_YES ? VERDICT_YES : VERDICT_NO;
}
