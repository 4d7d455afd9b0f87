#include "signing/b64url.h"

#include <string.h>

#define WRONG 0xff /* in the fourth byte of a character's part of a group: not of the alphabet */

/*
 * Every token goes through here, so it goes by table: twelve bits to two characters, and each
 * character of a group of four to its part of the three bytes, which only have to be put together.
 */
static struct {
	bool made;
	char pairs[4096][2];
	union part {
		unsigned char bytes[4];
		uint32_t word;
	} parts[4][256];
} tables;

static void
make_parts(unsigned char character, unsigned value)
{
	union part(*parts)[256] = tables.parts;

	parts[0][character] = (union part){{(unsigned char)(value << 2), 0, 0, 0}};
	parts[1][character] =
	    (union part){{(unsigned char)(value >> 4), (unsigned char)(value << 4), 0, 0}};
	parts[2][character] =
	    (union part){{0, (unsigned char)(value >> 2), (unsigned char)(value << 6), 0}};
	parts[3][character] = (union part){{0, 0, (unsigned char)value, 0}};
}

static void
make_tables(void)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (unsigned i = 0; i < 4096; i++) {
		tables.pairs[i][0] = alphabet[i >> 6];
		tables.pairs[i][1] = alphabet[i & 63];
	}
	for (unsigned place = 0; place < 4; place++)
		for (unsigned character = 0; character < 256; character++)
			tables.parts[place][character] = (union part){{0, 0, 0, WRONG}};
	for (unsigned value = 0; value < 64; value++)
		make_parts((unsigned char)alphabet[value], value);
	tables.made = true;
}

static inline void
encode_group(const unsigned char *at, char *out)
{
	memcpy(out, tables.pairs[(unsigned)at[0] << 4 | at[1] >> 4], 2);
	memcpy(out + 2, tables.pairs[(at[1] & 15u) << 8 | at[2]], 2);
}

void
b64url_encode(struct buffer *buffer, struct bytes bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.data;
	size_t left = bytes.length;
	char *out = buffer_extend(buffer, b64url_length(left)), last[4];
	unsigned char rest[3] = {0};

	if (!tables.made)
		make_tables();
	for (; left >= 3; left -= 3, at += 3, out += 4)
		encode_group(at, out);
	if (left == 0)
		return;
	memcpy(rest, at, left);
	encode_group(rest, last);
	memcpy(out, last, left + 1);
}

const char *
b64url_text(struct arena *arena, struct bytes bytes)
{
	struct buffer text = {.arena = arena};

	b64url_encode(&text, bytes);
	return text.data;
}

size_t
b64url_length(size_t length)
{
	return length / 3 * 4 + (length % 3 == 0 ? 0 : length % 3 + 1);
}

static union part
decode_group(const unsigned char *at)
{
	const union part(*parts)[256] = tables.parts;

	return (union part){.word = parts[0][at[0]].word | parts[1][at[1]].word |
				    parts[2][at[2]].word | parts[3][at[3]].word};
}

/* What is left is 0 in all the bits that it has too many: there is no second form of the bytes. */
static bool
decode_rest(const unsigned char *at, size_t left, unsigned char *out)
{
	unsigned char group[4] = {'A', 'A', 'A', 'A'};
	union part part;

	memcpy(group, at, left);
	part = decode_group(group);
	memcpy(out, part.bytes, left - 1);
	return part.bytes[3] == 0 && part.bytes[left - 1] == 0;
}

bool
b64url_decode(struct arena *arena, struct bytes text, struct bytes *out)
{
	const unsigned char *at = (const unsigned char *)text.data;
	size_t groups = text.length / 4, left = text.length % 4;
	unsigned char *decoded, *to;
	union part all = {.word = 0};

	if (left == 1)
		return false;
	if (!tables.made)
		make_tables();
	decoded = to = arena_alloc(arena, groups * 3 + sizeof(all));
	for (size_t i = 0; i < groups; i++, at += 4, to += 3) {
		union part part = decode_group(at);

		all.word |= part.word;
		memcpy(to, part.bytes, sizeof(part)); /* the fourth is written over or not used */
	}
	if (all.bytes[3] != 0 || (left > 0 && !decode_rest(at, left, to)))
		return false;
	*out = (struct bytes){(char *)decoded, groups * 3 + (left > 0 ? left - 1 : 0)};
	return true;
}
