#include "accounts/password.h"

#include "accounts/hashers.h"
#include "accounts/pbkdf2.h"
#include "base/crypto.h"
#include "base/utf8.h"

#include <openssl/evp.h>
#include <string.h>
#include <time.h>

enum {
	STORED_MAXIMUM = 1024, /* Django's column holds 128 */
	SALT_LENGTH = 22,      /* letters and digits: 130.99 bits, the fewest above Django's 128 */
};

/* Verifies the stored strings of one format. */
struct hasher {
	const char *prefix;
	enum verdict (*verify)(struct bytes password, const char *value, long limit);
	bool (*is_strong)(const char *value); /* NULL: never (see REHASH_UPGRADE) */
	bool legacy;
};

static bool
always_strong(const char *value)
{
	(void)value;
	return true;
}

/*
 * Of two prefixes that match the first counts. jwtctl groups stored strings by the form of
 * prefixes: a word up to a '$' (people_hash_format() and the statement PEOPLE_HASHES).
 */
static const struct hasher hashers[] = {
    {"pbkdf2_sha256$", hasher_pbkdf2_sha256, NULL, false},
    {"pbkdf2_sha1$", hasher_pbkdf2_sha1, NULL, false},
    {"argon2$", hasher_argon2, always_strong, false},
    {"bcrypt_sha256$", hasher_bcrypt_sha256, hasher_crypt_is_strong, false},
    {"bcrypt$", hasher_bcrypt, hasher_crypt_is_strong, false},
    {"scrypt$", hasher_scrypt, always_strong, false},
    {"md5$$", hasher_unsalted_md5, NULL, true},
    {"md5$", hasher_md5, NULL, true},
    {"sha1$$", hasher_unsalted_sha1, NULL, true},
    {"sha1$", hasher_sha1, NULL, true},
    {"crypt$", hasher_legacy_crypt, NULL, true},
};

/* Of the strings that password_hash() makes. */
static const struct hasher *const preferred = &hashers[0];

/* Formats without a prefix of Django's. */
static const struct hasher bare_crypt = {"", hasher_crypt, hasher_crypt_is_strong, false};
static const struct hasher bare_argon2 = {"$", hasher_argon2, always_strong, false};
static const struct hasher bare_md5 = {"", hasher_unsalted_md5, NULL, true};

static const struct hasher *
hasher_recognise(const char *stored)
{
	if (stored == NULL || strnlen(stored, STORED_MAXIMUM + 1) > STORED_MAXIMUM)
		return NULL;
	if (strncmp(stored, "$argon2", 7) == 0)
		return &bare_argon2;
	if (*stored == '$')
		return hasher_crypt_knows(stored) ? &bare_crypt : NULL;
	if (strlen(stored) == 32 && strchr(stored, '$') == NULL)
		return &bare_md5;
	for (size_t i = 0; i < sizeof(hashers) / sizeof(*hashers); i++)
		if (strncmp(stored, hashers[i].prefix, strlen(hashers[i].prefix)) == 0)
			return &hashers[i];
	return NULL;
}

static const struct hasher *
hasher_find(const struct password_policy *policy, const char *stored)
{
	const struct hasher *hasher = hasher_recognise(stored);

	return hasher != NULL && (policy->legacy || !hasher->legacy) ? hasher : NULL;
}

enum password_kind
password_kind(const struct password_policy *policy, const char *stored)
{
	if (stored == NULL || *stored == '\0' || *stored == '!')
		return PASSWORD_NONE;
	return hasher_find(policy, stored) == NULL ? PASSWORD_UNKNOWN : PASSWORD_KNOWN;
}

static bool
preferred_read(const char *stored, struct pbkdf2_value *out)
{
	if (hasher_recognise(stored) != preferred)
		return false;
	return hasher_pbkdf2_read(
	    stored + strlen(preferred->prefix), PBKDF2_SHA256_SIZE, PASSWORD_WORK_LIMIT, out);
}

long
password_cost(const char *stored)
{
	struct pbkdf2_value parts;

	return preferred_read(stored, &parts) ? parts.iterations : 0;
}

void
password_spend(struct bytes password, long iterations)
{
	const struct bytes salt = {"0123456789012345678901", SALT_LENGTH};
	unsigned char derived[PBKDF2_SHA256_SIZE];

	if (password.length == 0)
		password.data = "";
	if (iterations > PASSWORD_WORK_LIMIT)
		iterations = PASSWORD_WORK_LIMIT;
	if (iterations > 0)
		(void)pbkdf2_sha256(password, salt, iterations, derived);
	explicit_bzero(derived, sizeof(derived));
}

/* Nanoseconds of processor time that this thread has used. */
static double
processor_time(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0)
		return 0;
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/*
 * Converts processor time into iterations, by timing some of them now: a busy machine may become a
 * third slower from one second to the next. These count as part of the cost. Time that is not worth
 * a comparison, such as for finding a string malformed, counts as nothing.
 */
static long
measured_cost(double nanoseconds)
{
	static const long compared = 2000;
	double taken;

	if (nanoseconds < 10000)
		return 0;
	taken = -processor_time();
	password_spend(bytes_of("comparison"), compared);
	taken += processor_time();
	if (taken <= 0)
		return 0;
	return (long)((nanoseconds / taken + 1) * (double)compared);
}

enum verdict
password_verify(
    const struct password_policy *policy, struct bytes password, const char *stored, long *spent)
{
	const struct hasher *hasher = hasher_find(policy, stored);
	long limit = policy->limit > 0 ? policy->limit : PASSWORD_WORK_LIMIT;
	long cost = password_cost(stored);
	enum verdict verdict;
	double elapsed;

	*spent = 0;
	if (password.length == 0)
		password.data = "";
	if (hasher == NULL || memchr(password.data, '\0', password.length) != NULL)
		return VERDICT_NO;
	elapsed = -processor_time();
	verdict = hasher->verify(password, stored + strlen(hasher->prefix), limit);
	elapsed += processor_time();
	*spent = cost > 0 && cost <= limit ? cost : measured_cost(elapsed);
	return verdict;
}

bool
password_must_rehash(
    const struct password_policy *policy, enum password_rehash rehash, const char *stored)
{
	const struct hasher *hasher = hasher_find(policy, stored);
	struct pbkdf2_value parts;

	if (rehash == REHASH_OFF || hasher == NULL)
		return false;
	if (hasher != preferred)
		return rehash == REHASH_DJANGO || hasher->is_strong == NULL ||
		       !hasher->is_strong(stored + strlen(hasher->prefix));
	if (!preferred_read(stored, &parts))
		return false;
	if (utf8_count(parts.salt) < SALT_LENGTH)
		return true;
	if (rehash == REHASH_DJANGO)
		return parts.iterations != policy->iterations;
	return parts.iterations < policy->iterations;
}

/* 248 is the largest multiple of 62 in a byte: greater values would favour the first letters. */
static bool
salt_make(char out[static SALT_LENGTH + 1])
{
	static const char alphabet[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t length = 0;

	while (length < SALT_LENGTH) {
		unsigned char random[2 * SALT_LENGTH];

		if (!crypto_random(random, sizeof(random)))
			return false;
		for (size_t i = 0; i < sizeof(random) && length < SALT_LENGTH; i++)
			if (random[i] < 248)
				out[length++] = alphabet[random[i] % 62];
	}
	out[length] = '\0';
	return true;
}

char *
password_hash(struct arena *arena, const struct password_policy *policy, struct bytes password)
{
	unsigned char derived[PBKDF2_SHA256_SIZE], hash[45];
	char salt[SALT_LENGTH + 1];
	char *stored = NULL;

	if (password.length == 0)
		password.data = "";
	if (salt_make(salt) &&
	    pbkdf2_sha256(password, bytes_of(salt), policy->iterations, derived)) {
		EVP_EncodeBlock(hash, derived, sizeof(derived));
		stored = arena_printf(
		    arena, "pbkdf2_sha256$%ld$%s$%s", policy->iterations, salt, (char *)hash);
	}
	explicit_bzero(derived, sizeof(derived));
	explicit_bzero(hash, sizeof(hash));
	return stored;
}
