#include "signing/b64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
b64url_encode(struct buffer *out, struct bytes bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.data;
	size_t left = bytes.length;

	for (; left >= 3; at += 3, left -= 3) {
		char four[4] = {alphabet[at[0] >> 2], alphabet[(at[0] & 3) << 4 | at[1] >> 4],
		    alphabet[(at[1] & 15) << 2 | at[2] >> 6], alphabet[at[2] & 63]};

		buffer_put(out, four, sizeof(four));
	}
	if (left == 0)
		return;
	buffer_putc(out, alphabet[at[0] >> 2]);
	if (left == 1) {
		buffer_putc(out, alphabet[(at[0] & 3) << 4]);
	} else {
		buffer_putc(out, alphabet[(at[0] & 3) << 4 | at[1] >> 4]);
		buffer_putc(out, alphabet[(at[1] & 15) << 2]);
	}
}

/* 64 and more: not of the alphabet. */
static unsigned
value_of(unsigned char character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26u;
	if (character >= '0' && character <= '9')
		return character - '0' + 52u;
	if (character == '-')
		return 62;
	return character == '_' ? 63 : 64;
}

bool
b64url_decode(struct arena *arena, struct bytes text, struct bytes *out)
{
	unsigned char *decoded = arena_alloc(arena, text.length / 4 * 3 + 3);
	unsigned bits = 0, count = 0;
	size_t length = 0;

	if (text.length % 4 == 1)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		unsigned value = value_of((unsigned char)text.data[i]);

		if (value > 63)
			return false;
		bits = (bits << 6 | value) & 0xffff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			decoded[length++] = (unsigned char)(bits >> count);
		}
	}
	if ((bits & ((1u << count) - 1)) != 0)
		return false;
	*out = (struct bytes){(char *)decoded, length};
	return true;
}
