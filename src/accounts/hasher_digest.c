/*
 * PBKDF2, scrypt, and the digests MD5 and SHA-1, by OpenSSL.
 */
#include "accounts/hash_field.h"
#include "accounts/hashers.h"
#include "accounts/pbkdf2.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

bool
hasher_pbkdf2_read(const char *value, size_t size, long limit, struct pbkdf2_value *out)
{
	if (!hash_field_number(&value, '$', limit < INT_MAX ? limit : INT_MAX, &out->iterations))
		return false;
	if (!hash_field_text(&value, &out->salt))
		return false;
	out->hash = value;
	return strlen(value) == (size + 2) / 3 * 4;
}

enum verdict
hasher_pbkdf2_sha256(struct bytes password, const char *value, long limit)
{
	unsigned char derived[PBKDF2_SHA256_SIZE];
	struct pbkdf2_value parts;

	if (!hasher_pbkdf2_read(value, sizeof(derived), limit, &parts))
		return VERDICT_NO;
	if (!pbkdf2_sha256(password, parts.salt, parts.iterations, derived))
		return VERDICT_UNDECIDED;
	return hash_field_verify_base64(parts.hash, derived, sizeof(derived), true);
}

enum verdict
hasher_pbkdf2_sha1(struct bytes password, const char *value, long limit)
{
	unsigned char derived[20];
	struct pbkdf2_value parts;

	if (!hasher_pbkdf2_read(value, sizeof(derived), limit / 2, &parts))
		return VERDICT_NO;
	if (PKCS5_PBKDF2_HMAC(password.data, (int)password.length,
		(const unsigned char *)parts.salt.data, (int)parts.salt.length,
		(int)parts.iterations, EVP_sha1(), sizeof(derived), derived) != 1)
		return VERDICT_UNDECIDED;
	return hash_field_verify_base64(parts.hash, derived, sizeof(derived), true);
}

enum { SCRYPT_SIZE = 64 }; /* Django's dklen */

struct scrypt_value {
	long n, r, p;
	struct bytes salt;
	const char *hash;
};

/* scrypt mixes a block of 128 r bytes 2 N p times: N r p are about four PBKDF2 iterations. */
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

	if (!hash_field_number(&text, '$', most, &out->n) || !hash_field_text(&text, &out->salt))
		return false;
	if (!hash_field_number(&text, '$', most, &out->r) ||
	    !hash_field_number(&text, '$', most, &out->p))
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

	if (!scrypt_read(value, &parts) || !scrypt_is_valid(&parts) ||
	    !scrypt_is_affordable(&parts, limit))
		return VERDICT_NO;
	if (EVP_PBE_scrypt(password.data, password.length, (const unsigned char *)parts.salt.data,
		parts.salt.length, (uint64_t)parts.n, (uint64_t)parts.r, (uint64_t)parts.p, memory,
		derived, sizeof(derived)) != 1)
		return VERDICT_UNDECIDED;
	return hash_field_verify_base64(parts.hash, derived, sizeof(derived), true);
}

/* Whether the text is the lower-case hexadecimal of the digest; takes constant time. */
static bool
is_hex(const char *text, const unsigned char *digest, size_t size)
{
	char hex[2 * EVP_MAX_MD_SIZE];

	bytes_to_hex(digest, size, hex);
	return strlen(text) == 2 * size && CRYPTO_memcmp(text, hex, 2 * size) == 0;
}

/* A password hash of Django before 1.4: one digest of salt and password, in hex. */
static enum verdict
digest_verify(const EVP_MD *md, struct bytes salt, struct bytes password, const char *hex)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	enum verdict verdict = VERDICT_UNDECIDED;

	if (context != NULL && EVP_DigestInit_ex(context, md, NULL) == 1 &&
	    EVP_DigestUpdate(context, salt.data, salt.length) == 1 &&
	    EVP_DigestUpdate(context, password.data, password.length) == 1 &&
	    EVP_DigestFinal_ex(context, digest, &size) == 1)
		verdict = is_hex(hex, digest, size) ? VERDICT_YES : VERDICT_NO;
	EVP_MD_CTX_free(context);
	explicit_bzero(digest, sizeof(digest));
	return verdict;
}

static enum verdict
salted_verify(const EVP_MD *md, struct bytes password, const char *value)
{
	struct bytes salt;

	if (!hash_field_text(&value, &salt))
		return VERDICT_NO;
	return digest_verify(md, salt, password, value);
}

enum verdict
hasher_md5(struct bytes password, const char *value, long limit)
{
	(void)limit;
	return salted_verify(EVP_md5(), password, value);
}

enum verdict
hasher_sha1(struct bytes password, const char *value, long limit)
{
	(void)limit;
	return salted_verify(EVP_sha1(), password, value);
}

enum verdict
hasher_unsalted_md5(struct bytes password, const char *value, long limit)
{
	(void)limit;
	return digest_verify(EVP_md5(), (struct bytes){"", 0}, password, value);
}

enum verdict
hasher_unsalted_sha1(struct bytes password, const char *value, long limit)
{
	(void)limit;
	return digest_verify(EVP_sha1(), (struct bytes){"", 0}, password, value);
}
