#include "signing/b64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
b64url_encode(struct buffer *out, struct bytes bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.data;
	size_t left = bytes.length;
	char *to = buffer_extend(out, left / 3 * 4 + (left % 3 == 0 ? 0 : left % 3 + 1));

	for (; left >= 3; at += 3, left -= 3) {
		*to++ = alphabet[at[0] >> 2];
		*to++ = alphabet[(at[0] & 3) << 4 | at[1] >> 4];
		*to++ = alphabet[(at[1] & 15) << 2 | at[2] >> 6];
		*to++ = alphabet[at[2] & 63];
	}
	if (left == 0)
		return;
	*to++ = alphabet[at[0] >> 2];
	if (left == 1) {
		*to = alphabet[(at[0] & 3) << 4];
	} else {
		*to++ = alphabet[(at[0] & 3) << 4 | at[1] >> 4];
		*to = alphabet[(at[1] & 15) << 2];
	}
}

/* Of each ASCII character; 64: not of the alphabet. */
static const unsigned char values[128] = {64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 62, 64, 64, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64,
    64, 64, 64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 64, 64, 64, 64, 63, 64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64};

static unsigned
value_of(unsigned char character)
{
	return character < sizeof(values) ? values[character] : 64;
}

bool
b64url_decode(struct arena *arena, struct bytes text, struct bytes *out)
{
	unsigned char *decoded = arena_alloc(arena, text.length / 4 * 3 + 3);
	const unsigned char *at = (const unsigned char *)text.data;
	size_t whole = text.length / 4 * 4, length = 0;
	unsigned bits = 0, count = 0, foreign = 0;

	if (text.length % 4 == 1)
		return false;
	for (size_t i = 0; i < whole; i += 4) {
		unsigned a = value_of(at[i]), b = value_of(at[i + 1]), c = value_of(at[i + 2]),
			 d = value_of(at[i + 3]);

		foreign |= a | b | c | d;
		decoded[length++] = (unsigned char)(a << 2 | b >> 4);
		decoded[length++] = (unsigned char)(b << 4 | c >> 2);
		decoded[length++] = (unsigned char)(c << 6 | d);
	}
	if (foreign > 63)
		return false;
	for (size_t i = whole; i < text.length; i++) {
		unsigned value = value_of(at[i]);

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
