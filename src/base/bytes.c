#include "base/bytes.h"

#include <ctype.h>
#include <strings.h>

bool
bytes_equal_case(struct bytes bytes, const char *string)
{
	return bytes.length == strlen(string) &&
	       (bytes.length == 0 || strncasecmp(bytes.data, string, bytes.length) == 0);
}

bool
bytes_cut(struct bytes *rest, const char *separator, struct bytes *out)
{
	size_t length = strlen(separator);
	const char *at =
	    rest->length == 0 ? NULL : memmem(rest->data, rest->length, separator, length);

	*out = *rest;
	*rest = (struct bytes){NULL, 0};
	if (at == NULL)
		return false;
	rest->data = at + length;
	rest->length = out->length - (size_t)(at - out->data) - length;
	out->length = (size_t)(at - out->data);
	return true;
}

bool
bytes_word(struct bytes *rest, struct bytes *out)
{
	do
		bytes_cut(rest, " ", out);
	while (out->length == 0 && rest->length > 0);
	return out->length > 0;
}

bool
bytes_among(struct bytes text, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		if (bytes_equal(text, *words))
			return true;
	return false;
}

struct bytes
bytes_strip(struct bytes text)
{
	while (text.length > 0 && isspace((unsigned char)text.data[0]))
		text = (struct bytes){text.data + 1, text.length - 1};
	while (text.length > 0 && isspace((unsigned char)text.data[text.length - 1]))
		text.length--;
	return text;
}

void
bytes_to_hex(const unsigned char *bytes, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
}

int
bytes_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

uint64_t
bytes_hash(uint64_t hash, struct bytes bytes)
{
	for (size_t i = 0; i < bytes.length; i++)
		hash = (hash ^ (unsigned char)bytes.data[i]) * UINT64_C(0x100000001b3);
	return hash;
}
