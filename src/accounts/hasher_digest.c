#include "accounts/field.h"
#include "accounts/hashers.h"

#include <openssl/evp.h>
#include <string.h>

/* What Django called a password hash before 1.4: one digest of salt and password, in hex. */
static enum verdict
digest_verify(const EVP_MD *md, struct bytes salt, struct bytes password, const char *hex)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	enum verdict verdict = VERDICT_UNDECIDED;

	if (context && EVP_DigestInit_ex(context, md, NULL) == 1 &&
	    EVP_DigestUpdate(context, salt.data, salt.length) == 1 &&
	    EVP_DigestUpdate(context, password.data, password.length) == 1 &&
	    EVP_DigestFinal_ex(context, digest, &size) == 1)
		verdict = field_is_hex(hex, digest, size) ? VERDICT_YES : VERDICT_NO;
	EVP_MD_CTX_free(context);
	explicit_bzero(digest, sizeof digest);
	return verdict;
}

static enum verdict
salted_verify(const EVP_MD *md, struct bytes password, const char *value)
{
	struct bytes salt;

	if (!field_text(&value, &salt))
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
