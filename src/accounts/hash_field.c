#include "accounts/hash_field.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

bool
hash_field_skip(const char **text, const char *literal)
{
	size_t length = strlen(literal);

	if (strncmp(*text, literal, length) != 0)
		return false;
	*text += length;
	return true;
}

bool
hash_field_number(const char **text, char end, long limit, long *out)
{
	long number = 0;

	if (**text == '0')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		int digit = **text - '0';

		if (number > limit / 10 || digit > limit - number * 10)
			return false;
		number = number * 10 + digit;
	}
	if (number == 0 || **text != end || end == '\0')
		return false;
	(*text)++;
	*out = number;
	return true;
}

bool
hash_field_text(const char **text, struct bytes *out)
{
	size_t length = strcspn(*text, "$");

	if (length == 0 || (*text)[length] != '$')
		return false;
	*out = (struct bytes){*text, length};
	*text += length + 1;
	return true;
}

enum verdict
hash_field_verify_base64(const char *text, unsigned char *derived, size_t size, bool padded)
{
	unsigned char encoded[129];
	size_t length;
	bool equal;

	if (size > 96)
		return VERDICT_NO;
	length = (size_t)EVP_EncodeBlock(encoded, derived, (int)size);
	while (!padded && length > 0 && encoded[length - 1] == '=')
		length--;
	equal = strlen(text) == length && CRYPTO_memcmp(text, encoded, length) == 0;
	explicit_bzero(encoded, sizeof(encoded));
	explicit_bzero(derived, size);
	return equal ? VERDICT_YES : VERDICT_NO;
}
