#include "accounts/password.h"

#include "accounts/cost.h"
#include "accounts/crypt_method.h"
#include "accounts/hashers.h"
#include "accounts/pbkdf2.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum {
	STORED_MOST = 1024, /* Django's column holds 128 */
	SALT_LENGTH = 22,   /* letters and digits: 130.99 bits, the fewest above Django's 128 */
};

struct format {
	const char *prefix;
	enum verdict (*verify)(struct bytes password, const char *value, long limit);
	bool (*is_strong)(const char *value);      /* NULL: never (see REHASH_UPGRADE) */
	struct cost_law (*law)(const char *value); /* NULL: the password's length is all one */
	bool legacy;
	int salt; /* which of the fields between '$', from the end; 1: with the hash in one field */
};

static bool
always_strong(const char *value)
{
	(void)value;
	return true;
}

/* The first row is the one that password_hash() makes; of two that fit, the first counts. */
static const struct format formats[] = {
    {"pbkdf2_sha256$", hasher_pbkdf2_sha256, NULL, NULL, false, 2},
    {"pbkdf2_sha1$", hasher_pbkdf2_sha1, NULL, NULL, false, 2},
    {"argon2$", hasher_argon2, always_strong, NULL, false, 2},
    {"bcrypt_sha256$", hasher_bcrypt_sha256, hasher_crypt_is_strong, NULL, false, 1},
    {"bcrypt$", hasher_bcrypt, hasher_crypt_is_strong, NULL, false, 1},
    {"scrypt$", hasher_scrypt, always_strong, NULL, false, 4},
    {"md5$$", hasher_unsalted_md5, NULL, NULL, true, 1},
    {"md5$", hasher_md5, NULL, NULL, true, 2},
    {"sha1$$", hasher_unsalted_sha1, NULL, NULL, true, 1},
    {"sha1$", hasher_sha1, NULL, NULL, true, 2},
    {"crypt$", hasher_legacy_crypt, NULL, hasher_legacy_crypt_law, true, 1},
};

/* These are not known by a prefix of their own, so that all of the string is the value. */
static const struct format crypt_format = {
    "", hasher_crypt, hasher_crypt_is_strong, hasher_crypt_law, false, 2};
static const struct format bare_argon2 = {"$", hasher_argon2, always_strong, NULL, false, 2};
static const struct format crypt_bcrypt = {
    "", hasher_crypt, hasher_crypt_is_strong, NULL, false, 1};
static const struct format bare_md5 = {"", hasher_unsalted_md5, NULL, NULL, true, 1};

static const struct format *
format_recognise(const char *stored)
{
	if (!stored || strnlen(stored, STORED_MOST + 1) > STORED_MOST)
		return NULL;
	if (strncmp(stored, "$argon2", 7) == 0)
		return &bare_argon2;
	if (*stored == '$' && crypt_method_of(stored) == NULL)
		return NULL;
	if (*stored == '$')
		return stored[1] == '2' ? &crypt_bcrypt : &crypt_format;
	if (strlen(stored) == 32 && !strchr(stored, '$'))
		return &bare_md5;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strncmp(stored, formats[i].prefix, strlen(formats[i].prefix)) == 0)
			return formats + i;
	return NULL;
}

static const struct format *
format_find(const struct password_policy *policy, const char *stored)
{
	const struct format *format = format_recognise(stored);

	return format && (policy->legacy || !format->legacy) ? format : NULL;
}

enum password_kind
password_kind(const struct password_policy *policy, const char *stored)
{
	if (stored == NULL || *stored == '\0' || *stored == '!')
		return PASSWORD_NONE;
	return format_find(policy, stored) == NULL ? PASSWORD_UNKNOWN : PASSWORD_KNOWN;
}

static bool
preferred_read(const char *stored, struct pbkdf2_value *out)
{
	if (format_recognise(stored) != formats)
		return false;
	return hasher_pbkdf2_read(
	    stored + strlen(formats->prefix), PBKDF2_SHA256_SIZE, PASSWORD_WORK_LIMIT, out);
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

	if (!password.length)
		password.data = "";
	if (iterations > PASSWORD_WORK_LIMIT)
		iterations = PASSWORD_WORK_LIMIT;
	if (iterations > 0)
		(void)pbkdf2_sha256(password, salt, iterations, derived);
	explicit_bzero(derived, sizeof derived);
}

/*
 * A name for what the cost of a string depends on (FNV-1a): all its fields, but of salt and hash
 * only how long they are.
 */
static uint64_t
kind_of(const struct format *format, const char *stored)
{
	uint64_t name = HASH_BASIS;
	int field = 1; /* counted from the end, as format->salt */

	for (const char *at = stored; *at != '\0'; at++)
		field += *at == '$';
	for (const char *at = stored; *at != '\0'; at++) {
		bool counts = field != 1 && field != format->salt;

		name = bytes_hash(name, (struct bytes){counts ? at : "", 1});
		field -= *at == '$';
	}
	return name;
}

/*
 * In iterations as they cost at this very moment: a machine with other work to do is slower by a
 * third from one second to the next. Those of the comparison are part of the cost; what was not
 * worth one, such as to see that a string is broken, cost nothing.
 */
static long
measured_cost(const struct format *format, const char *stored, size_t length, double nanoseconds)
{
	enum { COMPARED = 2000, NOTHING = 10000 /* nanoseconds */ };
	struct cost_law law = {.blocks = NULL};
	double taken, iterations;

	if (nanoseconds < NOTHING)
		return 0;
	taken = -cost_clock();
	password_spend(bytes_of("comparison"), COMPARED);
	taken += cost_clock();
	if (taken <= 0)
		return 0;
	iterations = (nanoseconds / taken + 1) * COMPARED;
	if (format->law != NULL)
		law = format->law(stored + strlen(format->prefix));
	cost_learn(kind_of(format, stored), law, length, iterations);
	return (long)iterations;
}

enum verdict
password_verify(
    const struct password_policy *policy, struct bytes password, const char *stored, long *spent)
{
	const struct format *format = format_find(policy, stored);
	long limit = policy->limit > 0 ? policy->limit : PASSWORD_WORK_LIMIT;
	long cost = password_cost(stored);
	enum verdict verdict;
	double elapsed;

	*spent = 0;
	if (!password.length)
		password.data = "";
	if (!format || memchr(password.data, '\0', password.length))
		return VERDICT_NO;
	elapsed = -cost_clock();
	verdict = format->verify(password, stored + strlen(format->prefix), limit);
	elapsed += cost_clock();
	*spent = cost > 0 && cost <= limit
		     ? cost
		     : measured_cost(format, stored, password.length, elapsed);
	return verdict;
}

/* In characters, as Python counts them: bytes that do not continue one. */
static size_t
salt_characters(struct bytes salt)
{
	size_t count = 0;

	for (size_t i = 0; i < salt.length; i++)
		count += (salt.data[i] & 0xc0) != 0x80;
	return count;
}

bool
password_must_rehash(
    const struct password_policy *policy, enum password_rehash rehash, const char *stored)
{
	const struct format *format = format_find(policy, stored);
	struct pbkdf2_value parts;

	if (rehash == REHASH_OFF || !format)
		return false;
	if (format != formats)
		return rehash == REHASH_DJANGO || !format->is_strong ||
		       !format->is_strong(stored + strlen(format->prefix));
	if (!preferred_read(stored, &parts))
		return false;
	if (salt_characters(parts.salt) < SALT_LENGTH)
		return true;
	if (rehash == REHASH_DJANGO)
		return parts.iterations != policy->iterations;
	return parts.iterations < policy->iterations;
}

/* 248 is the largest multiple of 62 in a byte: what lies above would favour the first letters. */
static bool
salt_make(char out[static SALT_LENGTH + 1])
{
	static const char alphabet[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t length = 0;

	while (length < SALT_LENGTH) {
		unsigned char random[2 * SALT_LENGTH];

		if (RAND_bytes(random, sizeof random) != 1)
			return false;
		for (size_t i = 0; i < sizeof random && length < SALT_LENGTH; i++)
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

	if (!password.length)
		password.data = "";
	if (salt_make(salt) &&
	    pbkdf2_sha256(password, bytes_of(salt), policy->iterations, derived)) {
		EVP_EncodeBlock(hash, derived, sizeof derived);
		stored = arena_printf(
		    arena, "pbkdf2_sha256$%ld$%s$%s", policy->iterations, salt, (char *)hash);
	}
	explicit_bzero(derived, sizeof derived);
	explicit_bzero(hash, sizeof hash);
	return stored;
}
