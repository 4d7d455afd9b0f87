#include "signing/b64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Three bytes at a time, then what is left. */
void
b64url_encode(struct buffer *buffer, struct bytes bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.data;
	size_t left = bytes.length;
	char *out = buffer_extend(buffer, b64url_length(left));

	for (; left >= 3; at += 3, left -= 3) {
		*out++ = alphabet[at[0] >> 2];
		*out++ = alphabet[(at[0] & 3) << 4 | at[1] >> 4];
		*out++ = alphabet[(at[1] & 15) << 2 | at[2] >> 6];
		*out++ = alphabet[at[2] & 63];
	}
	if (left == 0)
		return;
	*out++ = alphabet[at[0] >> 2];
	if (left == 1) {
		*out++ = alphabet[(at[0] & 3) << 4];
	} else {
		*out++ = alphabet[(at[0] & 3) << 4 | at[1] >> 4];
		*out++ = alphabet[(at[1] & 15) << 2];
	}
}

size_t
b64url_length(size_t length)
{
	return length / 3 * 4 + (length % 3 == 0 ? 0 : length % 3 + 1);
}

/* The value of a character; 64 for what is not of the alphabet. */
static const unsigned char values[256] = {
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    62,
    64,
    64,
    52,
    53,
    54,
    55,
    56,
    57,
    58,
    59,
    60,
    61,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    64,
    64,
    64,
    64,
    63,
    64,
    26,
    27,
    28,
    29,
    30,
    31,
    32,
    33,
    34,
    35,
    36,
    37,
    38,
    39,
    40,
    41,
    42,
    43,
    44,
    45,
    46,
    47,
    48,
    49,
    50,
    51,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
    64,
};

/* The bits that the characters leave over are 0, so that there is no second form of the bytes. */
static bool
decode_rest(const unsigned char *at, size_t left, unsigned char *out)
{
	unsigned a = values[at[0]], b = values[at[1]], c = left == 3 ? values[at[2]] : 0;

	out[0] = (unsigned char)(a << 2 | b >> 4);
	if (left == 2)
		return ((a | b) & 64) == 0 && (b & 15) == 0;
	out[1] = (unsigned char)(b << 4 | c >> 2);
	return ((a | b | c) & 64) == 0 && (c & 3) == 0;
}

bool
b64url_decode(struct arena *arena, struct bytes text, struct bytes *out)
{
	const unsigned char *at = (const unsigned char *)text.data;
	size_t left = text.length, length = text.length / 4 * 3;
	unsigned char *decoded, *to;
	unsigned wrong = 0;

	if (left % 4 == 1)
		return false;
	decoded = to = arena_alloc(arena, length + 3);
	for (; left >= 4; left -= 4, at += 4, to += 3) {
		unsigned a = values[at[0]], b = values[at[1]], c = values[at[2]], d = values[at[3]];

		wrong |= a | b | c | d;
		to[0] = (unsigned char)(a << 2 | b >> 4);
		to[1] = (unsigned char)(b << 4 | c >> 2);
		to[2] = (unsigned char)(c << 6 | d);
	}
	if ((wrong & 64) != 0 || (left > 0 && !decode_rest(at, left, to)))
		return false;
	*out = (struct bytes){(char *)decoded, length + (left > 0 ? left - 1 : 0)};
	return true;
}
