#include "accounts/field.h"
#include "accounts/hashers.h"
#include "accounts/pbkdf2.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

bool
hasher_pbkdf2_read(const char *value, size_t size, long limit, struct pbkdf2_value *out)
{
	if (!field_number(&value, '$', limit < INT_MAX ? limit : INT_MAX, &out->iterations))
		return false;
	if (!field_text(&value, &out->salt))
		return false;
	out->hash = value;
	return strlen(value) == (size + 2) / 3 * 4;
}

enum verdict
hasher_pbkdf2_sha256(struct bytes password, const char *value, long limit)
{
	unsigned char derived[PBKDF2_SHA256_SIZE];
	struct pbkdf2_value parts;
	enum verdict verdict = VERDICT_NO;

	if (!hasher_pbkdf2_read(value, sizeof derived, limit, &parts))
		return VERDICT_NO;
	if (!pbkdf2_sha256(password, parts.salt, parts.iterations, derived))
		return VERDICT_UNDECIDED;
	if (field_is_base64(parts.hash, derived, sizeof derived, true))
		verdict = VERDICT_YES;
	explicit_bzero(derived, sizeof derived);
	return verdict;
}

enum verdict
hasher_pbkdf2_sha1(struct bytes password, const char *value, long limit)
{
	unsigned char derived[20];
	struct pbkdf2_value parts;
	enum verdict verdict = VERDICT_NO;

	if (!hasher_pbkdf2_read(value, sizeof derived, limit / 2, &parts))
		return VERDICT_NO;
	if (PKCS5_PBKDF2_HMAC(password.data, (int)password.length,
		(const unsigned char *)parts.salt.data, (int)parts.salt.length,
		(int)parts.iterations, EVP_sha1(), sizeof derived, derived) != 1)
		return VERDICT_UNDECIDED;
	if (field_is_base64(parts.hash, derived, sizeof derived, true))
		verdict = VERDICT_YES;
	explicit_bzero(derived, sizeof derived);
	return verdict;
}
