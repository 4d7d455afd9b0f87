/*
 * bcrypt, and the other hashes of crypt(3), by libcrypt.
 */
#include "accounts/hash_field.h"
#include "accounts/hashers.h"
#include "base/crypto.h"

#include <crypt.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* The 64 digits of crypt(5), in the order of their values. */
static const char crypt_digits[] =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* yescrypt and scrypt use N r blocks of memory; the work for each in PBKDF2 iterations. */
enum { BLOCK_BYTES = 128, BLOCK_WORK = 5 };

/* 0: out of range. */
static double
memory_hard_work(int n_log2, int64_t r, int64_t p)
{
	if (n_log2 < 1 || n_log2 > 23 || r < 1 || r > 1 << 23 || p < 1 || p > 1 << 23)
		return 0;
	if (r << n_log2 > 1 << 23 || r * p > 1 << 20)
		return 0;
	return (double)((r << n_log2) * p * BLOCK_WORK);
}

static int
digit_value(char c)
{
	const char *found = c != '\0' ? strchr(crypt_digits, c) : NULL;

	return found != NULL ? (int)(found - crypt_digits) : -1;
}

/* Thirty bits in five digits, the lowest first; 0 if they are malformed. */
static int64_t
five_digits(const char *text)
{
	int64_t number = 0;

	for (int i = 0; i < 5; i++) {
		int digit = digit_value(text[i]);

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

/*
 * "j9T$": flavour, log2 N - 1 and r - 1. Only this form, which crypt_gensalt(3) makes, is accepted:
 * a fourth digit would mean more parameters, a digit above 47 a longer number.
 */
static double
yescrypt_work(const char *text)
{
	int digits[3];

	for (int i = 0; i < 3; i++) {
		digits[i] = digit_value(text[i]);
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
	return memory_hard_work(digit_value(*text), five_digits(text + 1), five_digits(text + 6));
}

/*
 * The methods of crypt(5), and how much work their strings ask for, in PBKDF2 iterations. That is
 * estimated beforehand, because libxcrypt would accept a string that takes days.
 */
struct method {
	const char *prefix;                     /* the parameters follow it */
	double strong;                          /* the least work that is strong enough */
	size_t cut;                             /* bytes of a password that count; 0: all */
	double (*work)(const char *parameters); /* 0: malformed; NULL: by the number of rounds */
	const char *word; /* precedes the number of rounds; NULL: the number is fixed */
	long usual;       /* rounds without the word */
	long more;        /* rounds in addition */
	double each;      /* work of a round */
};

static const struct method methods[] = {
    {"$2a$", 640 << 10, 72, bcrypt_work, NULL, 0, 0, 0},
    {"$2b$", 640 << 10, 72, bcrypt_work, NULL, 0, 0, 0},
    {"$2x$", HUGE_VAL, 72, bcrypt_work, NULL, 0, 0, 0},
    {"$2y$", 640 << 10, 72, bcrypt_work, NULL, 0, 0, 0},
    {"$y$", 1, 0, yescrypt_work, NULL, 0, 0, 0},
    {"$gy$", 1, 0, yescrypt_work, NULL, 0, 0, 0},
    {"$sm3y$", 1, 0, yescrypt_work, NULL, 0, 0, 0},
    {"$7$", 1, 0, scrypt_work, NULL, 0, 0, 0},
    {"$6$", HUGE_VAL, 0, NULL, "rounds=", 5000, 0, 6},
    {"$5$", HUGE_VAL, 0, NULL, "rounds=", 5000, 0, 6},
    {"$sm3$", HUGE_VAL, 0, NULL, "rounds=", 5000, 0, 6},
    {"$sha1$", HUGE_VAL, 0, NULL, "", 0, 0, 13},
    {"$md5", HUGE_VAL, 0, NULL, ",rounds=", 1, 4096, 14},
    {"$1$", HUGE_VAL, 0, NULL, NULL, 6000, 0, 1},
    {"$3$", HUGE_VAL, 0, NULL, NULL, 20, 0, 1},
};

/* The method of a string; NULL if it is unknown. */
static const struct method *
method_of(const char *value)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strncmp(value, methods[i].prefix, strlen(methods[i].prefix)) == 0)
			return methods + i;
	return NULL;
}

/* The work that a string of the method asks for; 0: it is malformed. */
static double
work_of(const struct method *method, const char *value)
{
	const char *text = value + strlen(method->prefix);
	long rounds = method->usual;

	if (method->work != NULL)
		return method->work(text);
	if (method->word != NULL && hash_field_skip(&text, method->word) &&
	    !hash_field_number(&text, '$', 999999999, &rounds))
		return 0;
	return (double)(rounds + method->more) * method->each;
}

/* The bytes of memory that such work takes; 0: negligible. */
static size_t
memory_of(const struct method *method, double work)
{
	bool hard = method->work == yescrypt_work || method->work == scrypt_work;

	return hard ? (size_t)work / BLOCK_WORK * BLOCK_BYTES : 0;
}

/* phrase: a C string. The failure tokens "*0" and "*1" of crypt_r(3) are no hashes: UNDECIDED. */
static enum verdict
crypt_compare(const char *phrase, const char *stored)
{
	struct crypt_data data = {.initialized = 0};
	const char *hash = crypt_r(phrase, stored, &data);
	enum verdict verdict = VERDICT_NO;

	if (hash == NULL || *hash == '*')
		verdict = VERDICT_UNDECIDED;
	else if (strlen(hash) == strlen(stored) && CRYPTO_memcmp(hash, stored, strlen(stored)) == 0)
		verdict = VERDICT_YES;
	explicit_bzero(&data, sizeof(data));
	return verdict;
}

/*
 * A password that does not fit into CRYPT_MAX_PASSPHRASE_SIZE cannot have been stored by libxcrypt:
 * NO, but after the work of a check, so that the time does not reveal that the user exists.
 */
static enum verdict
crypt_verify(struct bytes password, const char *stored)
{
	char phrase[CRYPT_MAX_PASSPHRASE_SIZE];
	bool fits = password.length < sizeof(phrase);
	enum verdict verdict;

	if (!fits)
		password.length = sizeof(phrase) - 1;
	memcpy(phrase, password.data, password.length);
	phrase[password.length] = '\0';
	verdict = crypt_compare(phrase, stored);
	explicit_bzero(phrase, sizeof(phrase));
	return fits || verdict == VERDICT_UNDECIDED ? verdict : VERDICT_NO;
}

/*
 * libxcrypt reports EINVAL both for a malformed string and for lack of memory, so find out whether
 * there is memory. volatile, because compilers remove an unused allocation.
 */
static enum verdict
failure_verdict(size_t size)
{
	void *volatile memory;

	if (size == 0)
		return VERDICT_NO;
	memory = malloc(size + (1 << 20));
	if (memory == NULL)
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

	if (method == NULL)
		return VERDICT_NO;
	work = work_of(method, value);
	if (work == 0 || work > (double)limit)
		return VERDICT_NO;
	if (method->cut > 0 && password.length > method->cut)
		password.length = method->cut;
	verdict = crypt_verify(password, value);
	return verdict == VERDICT_UNDECIDED ? failure_verdict(memory_of(method, work)) : verdict;
}

bool
hasher_crypt_knows(const char *value)
{
	return method_of(value) != NULL;
}

bool
hasher_crypt_is_strong(const char *value)
{
	const struct method *method = method_of(value);

	return method != NULL && work_of(method, value) >= method->strong;
}

enum verdict
hasher_bcrypt(struct bytes password, const char *value, long limit)
{
	return strncmp(value, "$2", 2) == 0 ? hasher_crypt(password, value, limit) : VERDICT_NO;
}

/* Django hashes the password first so that bcrypt does not cut it, and in hex to avoid NUL. */
enum verdict
hasher_bcrypt_sha256(struct bytes password, const char *value, long limit)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char hex[2 * sizeof(digest)];
	enum verdict verdict;

	crypto_sha256(password, digest);
	bytes_to_hex(digest, sizeof(digest), hex);
	verdict = hasher_bcrypt((struct bytes){hex, sizeof(hex)}, value, limit);
	explicit_bzero(digest, sizeof(digest));
	explicit_bzero(hex, sizeof(hex));
	return verdict;
}

/* "salt$hash"; only the hash counts: thirteen digits of DES, or a string as in shadow(5). */
enum verdict
hasher_legacy_crypt(struct bytes password, const char *value, long limit)
{
	const char *hash = strchr(value, '$');

	if (hash == NULL)
		return VERDICT_NO;
	hash++;
	if (*hash == '$')
		return hasher_crypt(password, hash, limit);
	if (strlen(hash) != 13 || strspn(hash, crypt_digits) != 13)
		return VERDICT_NO;
	return crypt_verify(password, hash) == VERDICT_YES ? VERDICT_YES : VERDICT_NO;
}
