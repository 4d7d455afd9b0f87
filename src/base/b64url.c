#include "base/b64url.h"

#include <string.h>

#define WRONG 0x80 /* not a character of the alphabet */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits that each character stands for, or WRONG. */
static const unsigned char *
values(void)
{
	static unsigned char made[256];

	if (made['B'] == 0) {
		memset(made, WRONG, sizeof(made));
		for (unsigned char i = 0; i < 64; i++)
			made[(unsigned char)alphabet[i]] = i;
	}
	return made;
}

size_t
b64url_length(size_t length)
{
	return length / 3 * 4 + (length % 3 == 0 ? 0 : length % 3 + 1);
}

void
b64url_encode(struct buffer *buffer, struct bytes bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.data;
	size_t left = bytes.length;
	char *out = buffer_extend(buffer, b64url_length(left));

	for (; left >= 3; left -= 3, at += 3, out += 4) {
		out[0] = alphabet[at[0] >> 2];
		out[1] = alphabet[(at[0] << 4 | at[1] >> 4) & 63];
		out[2] = alphabet[(at[1] << 2 | at[2] >> 6) & 63];
		out[3] = alphabet[at[2] & 63];
	}
	if (left > 0) {
		int second = left > 1 ? at[1] : 0;

		out[0] = alphabet[at[0] >> 2];
		out[1] = alphabet[(at[0] << 4 | second >> 4) & 63];
		if (left > 1)
			out[2] = alphabet[second << 2 & 63];
	}
}

const char *
b64url_text(struct arena *arena, struct bytes bytes)
{
	struct buffer text = {.arena = arena};

	b64url_encode(&text, bytes);
	return text.data;
}

/* Decodes the last two or three characters; their unused bits must be 0. */
static bool
decode_rest(const unsigned char *at, size_t left, unsigned char *out)
{
	unsigned first = values()[at[0]], second = values()[at[1]];
	unsigned third = left > 2 ? values()[at[2]] : 0;

	out[0] = (unsigned char)(first << 2 | second >> 4);
	if (left > 2)
		out[1] = (unsigned char)(second << 4 | third >> 2);
	return ((first | second | third) & WRONG) == 0 && (left > 2 ? third & 3 : second & 15) == 0;
}

bool
b64url_decode(struct arena *arena, struct bytes text, struct bytes *out)
{
	const unsigned char *at = (const unsigned char *)text.data, *value = values();
	size_t groups = text.length / 4, left = text.length % 4;
	unsigned char *decoded, *to;
	unsigned all = 0;

	if (left == 1)
		return false;
	decoded = to = arena_alloc(arena, groups * 3 + left + 1);
	for (size_t i = 0; i < groups; i++, at += 4, to += 3) {
		unsigned a = value[at[0]], b = value[at[1]], c = value[at[2]], d = value[at[3]];

		all |= a | b | c | d;
		to[0] = (unsigned char)(a << 2 | b >> 4);
		to[1] = (unsigned char)(b << 4 | c >> 2);
		to[2] = (unsigned char)(c << 6 | d);
	}
	if ((all & WRONG) != 0 || (left > 0 && !decode_rest(at, left, to)))
		return false;
	*out = (struct bytes){(char *)decoded, groups * 3 + (left > 0 ? left - 1 : 0)};
	return true;
}
