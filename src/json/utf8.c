#include "json/json.h"

#include <string.h>

/* What a byte sequence at some place turned out to be; the messages are CPython's. */
enum sequence {
	SEQUENCE_WHOLE,
	SEQUENCE_UNFINISHED, /* right so far, but the text ends */
	SEQUENCE_BAD_START,
	SEQUENCE_BAD_CONTINUATION,
};

static const char *const sequence_message[] = {
    [SEQUENCE_UNFINISHED] = "unexpected end of data",
    [SEQUENCE_BAD_START] = "invalid start byte",
    [SEQUENCE_BAD_CONTINUATION] = "invalid continuation byte",
};

/* How many bytes a sequence with this first byte has; 0 if none starts with it. */
static size_t
sequence_size(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2)
		return 0;
	if (lead < 0xe0)
		return 2;
	if (lead < 0xf0)
		return 3;
	return lead < 0xf5 ? 4 : 0;
}

/* RFC 3629, section 4: four first bytes narrow what may come second. */
static bool
second_byte_fits(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0 && second < 0xc0;
	case 0xed:
		return second >= 0x80 && second < 0xa0;
	case 0xf0:
		return second >= 0x90 && second < 0xc0;
	case 0xf4:
		return second >= 0x80 && second < 0x90;
	default:
		return second >= 0x80 && second < 0xc0;
	}
}

/* Looks at the sequence at the start of `rest`; *good is how many of its bytes are right. */
static enum sequence
sequence_read(const unsigned char *rest, size_t length, size_t *good)
{
	size_t size = sequence_size(rest[0]);

	*good = 1;
	if (size == 0)
		return SEQUENCE_BAD_START;
	if (size > 1 && length > 1 && !second_byte_fits(rest[0], rest[1]))
		return SEQUENCE_BAD_CONTINUATION;
	while (*good < size && *good < length) {
		if ((rest[*good] & 0xc0) != 0x80)
			return SEQUENCE_BAD_CONTINUATION;
		++*good;
	}
	return *good == size ? SEQUENCE_WHOLE : SEQUENCE_UNFINISHED;
}

/* CPython's incremental decoder keeps back half a surrogate too and objects at the third byte. */
static bool
surrogate_is_cut(const unsigned char *rest, size_t length)
{
	return length == 2 && rest[0] == 0xed && rest[1] >= 0xa0 && rest[1] < 0xc0;
}

/* Where the next byte outside ASCII is. */
static size_t
ascii_skip(const unsigned char *data, size_t at, size_t length)
{
	const uint64_t high_bits = UINT64_C(0x8080808080808080);
	uint64_t word;

	while (length - at >= sizeof(word)) {
		memcpy(&word, data + at, sizeof(word));
		if (word & high_bits)
			break;
		at += sizeof(word);
	}
	while (at < length && data[at] < 0x80)
		at++;
	return at;
}

static const char *
error_text(
    struct arena *arena, const unsigned char *data, size_t at, size_t good, enum sequence sequence)
{
	const char *reason = sequence_message[sequence];

	if (good == 1)
		return arena_printf(arena,
		    "'utf-8' codec can't decode byte 0x%02x in position %zu: %s", data[at], at,
		    reason);
	return arena_printf(arena, "'utf-8' codec can't decode bytes in position %zu-%zu: %s", at,
	    at + good - 1, reason);
}

bool
utf8_check(struct arena *arena, struct bytes text, bool stream, size_t *valid, const char **message)
{
	const unsigned char *data = (const unsigned char *)text.data;
	enum sequence sequence = SEQUENCE_WHOLE;
	size_t at = 0, good = 0;

	while (at < text.length) {
		at = ascii_skip(data, at, text.length);
		if (at == text.length)
			break;
		sequence = sequence_read(data + at, text.length - at, &good);
		if (sequence != SEQUENCE_WHOLE)
			break;
		at += good;
	}
	if (valid != NULL)
		*valid = at;
	if (sequence == SEQUENCE_WHOLE)
		return true;
	if (stream && sequence == SEQUENCE_UNFINISHED)
		return true;
	if (stream && surrogate_is_cut(data + at, text.length - at))
		return true;
	if (message != NULL)
		*message = error_text(arena, data, at, good, sequence);
	return false;
}
