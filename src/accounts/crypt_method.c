#include "accounts/crypt_method.h"

#include "accounts/field.h"

#include <crypt.h>
#include <math.h>
#include <string.h>

const char crypt_digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

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
digit_value(char c)
{
	const char *found = c ? strchr(crypt_digits, c) : NULL;

	return found ? (int)(found - crypt_digits) : -1;
}

/* Thirty bits in five digits, the lowest first. */
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

static const struct crypt_method methods[] = {
    {"$2a$", bcrypt_work, 640 << 10, 72, false},
    {"$2b$", bcrypt_work, 640 << 10, 72, false},
    {"$2x$", bcrypt_work, HUGE_VAL, 72, false},
    {"$2y$", bcrypt_work, 640 << 10, 72, false},
    {"$y$", yescrypt_work, 1, 0, true},
    {"$gy$", yescrypt_work, 1, 0, true},
    {"$sm3y$", yescrypt_work, 1, 0, true},
    {"$7$", scrypt_work, 1, 0, true},
    {"$6$", sha_work, HUGE_VAL, 0, false},
    {"$5$", sha_work, HUGE_VAL, 0, false},
    {"$sm3$", sha_work, HUGE_VAL, 0, false},
    {"$sha1$", sha1_work, HUGE_VAL, 0, false},
    {"$md5", sun_md5_work, HUGE_VAL, 0, false},
    {"$1$", md5_work, HUGE_VAL, 0, false},
    {"$3$", nt_work, HUGE_VAL, 0, false},
};

const struct crypt_method *
crypt_method_of(const char *setting)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strncmp(setting, methods[i].prefix, strlen(methods[i].prefix)) == 0)
			return methods + i;
	return NULL;
}

size_t
crypt_method_memory(const struct crypt_method *method, double work)
{
	return method->memory_hard ? (size_t)(work / BLOCK_WORK * BLOCK_BYTES) : 0;
}
