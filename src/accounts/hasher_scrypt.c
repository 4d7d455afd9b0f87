#include "accounts/field.h"
#include "accounts/hashers.h"

#include <openssl/evp.h>
#include <string.h>

enum { SCRYPT_SIZE = 64 }; /* Django's dklen */

struct scrypt_value {
	long n, r, p;
	struct bytes salt;
	const char *hash;
};

/* A block of 128 r bytes is worked on 2 N p times; about four PBKDF2 iterations for each N r p. */
static bool
scrypt_is_affordable(const struct scrypt_value *value, long limit)
{
	const int64_t memory = INT64_C(1) << 30;
	int64_t n = value->n, r = value->r, p = value->p;

	return 128 * n * r <= memory && 128 * r * p <= memory / 8 && n * r <= limit / 4 / p;
}

/* RFC 7914 section 2: N a power of 2 larger than 1 and less than 2^(128 r / 8). */
static bool
scrypt_is_valid(const struct scrypt_value *value)
{
	long n = value->n;

	return n > 1 && (n & (n - 1)) == 0 && (value->r > 1 || n < 1 << 16);
}

/* "N$salt$r$p$hash" */
static bool
scrypt_read(const char *text, struct scrypt_value *out)
{
	const long most = 1 << 23;

	if (!field_number(&text, '$', most, &out->n) || !field_text(&text, &out->salt))
		return false;
	if (!field_number(&text, '$', most, &out->r) || !field_number(&text, '$', most, &out->p))
		return false;
	out->hash = text;
	return strlen(text) == (SCRYPT_SIZE + 2) / 3 * 4;
}

enum verdict
hasher_scrypt(struct bytes password, const char *value, long limit)
{
	const uint64_t memory = UINT64_C(5) << 28;
	unsigned char derived[SCRYPT_SIZE];
	struct scrypt_value parts;
	enum verdict verdict = VERDICT_NO;

	if (!scrypt_read(value, &parts) || !scrypt_is_valid(&parts) ||
	    !scrypt_is_affordable(&parts, limit))
		return VERDICT_NO;
	if (EVP_PBE_scrypt(password.data, password.length, (const unsigned char *)parts.salt.data,
		parts.salt.length, (uint64_t)parts.n, (uint64_t)parts.r, (uint64_t)parts.p, memory,
		derived, sizeof derived) != 1)
		return VERDICT_UNDECIDED;
	if (field_is_base64(parts.hash, derived, sizeof derived, true))
		verdict = VERDICT_YES;
	explicit_bzero(derived, sizeof derived);
	return verdict;
}
