#include "http/codec.h"

#include "json/json.h"

#include <string.h>

struct order {
	const char *name;
	bool big;
};

static const struct order utf16_orders[] = {{"utf-16-le", false}, {"utf-16-be", true}};
static const struct order utf32_orders[] = {{"utf-32-le", false}, {"utf-32-be", true}};

bool
codec_error(struct decoding *d, size_t at, size_t count, const char *name, const char *reason)
{
	if (d->errors == CODEC_REPLACE) {
		buffer_puts(d->out, "\xef\xbf\xbd");
		return true;
	}
	if (count == 1)
		d->message = arena_printf(d->out->arena,
		    "'%s' codec can't decode byte 0x%02x in position %zu: %s", name,
		    (unsigned char)d->in.data[at], at, reason);
	else
		d->message = arena_printf(d->out->arena,
		    "'%s' codec can't decode bytes in position %zu-%zu: %s", name, at,
		    at + count - 1, reason);
	return false;
}

static void
put_character(struct buffer *out, uint32_t c)
{
	char text[4];
	size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = length - 1; i > 0; i--, c >>= 6)
		text[i] = (char)(0x80 | (c & 0x3f));
	text[0] = (char)(lead[length] | c);
	buffer_put(out, text, length);
}

/* How many of the bytes from `at` on are ASCII. */
static size_t
ascii_run(struct bytes in, size_t at)
{
	size_t end = at;

	while (end < in.length && (unsigned char)in.data[end] < 0x80)
		end++;
	return end - at;
}

bool
codec_ascii(struct decoding *d)
{
	for (size_t at = 0; at < d->in.length; at++) {
		size_t run = ascii_run(d->in, at);

		buffer_put(d->out, d->in.data + at, run);
		at += run;
		if (at < d->in.length &&
		    !codec_error(d, at, 1, d->codec->message, "ordinal not in range(128)"))
			return false;
	}
	return true;
}

bool
codec_latin1(struct decoding *d)
{
	for (size_t at = 0; at < d->in.length; at++) {
		size_t run = ascii_run(d->in, at);

		buffer_put(d->out, d->in.data + at, run);
		at += run;
		if (at < d->in.length)
			put_character(d->out, (unsigned char)d->in.data[at]);
	}
	return true;
}

/* How many bytes of a bad sequence CPython replaces by one U+FFFD: all that could begin one. */
static size_t
utf8_bad_length(struct bytes rest)
{
	unsigned char lead = (unsigned char)rest.data[0];
	size_t size = lead >= 0xf0 ? 4 : 3, count = 1;

	if (lead < 0xe0 || lead > 0xf4)
		return 1;
	while (count < size - 1 && count < rest.length) {
		char completed[4] = {'\x80', '\x80', '\x80', '\x80'};

		memcpy(completed, rest.data, count + 1);
		if (!utf8_check(NULL, (struct bytes){completed, size}, false, NULL, NULL))
			break;
		count++;
	}
	return count;
}

static bool
utf8_strict(struct decoding *d)
{
	size_t valid;

	if (!utf8_check(d->out->arena, d->in, d->errors == CODEC_STREAM, &valid, &d->message))
		return false;
	buffer_put(d->out, d->in.data, valid);
	return true;
}

bool
codec_utf8(struct decoding *d)
{
	struct bytes rest = d->in;
	size_t valid, bad;

	if (d->errors != CODEC_REPLACE)
		return utf8_strict(d);
	while (rest.length > 0) {
		bool good = utf8_check(NULL, rest, false, &valid, NULL);

		buffer_put(d->out, rest.data, valid);
		rest = (struct bytes){rest.data + valid, rest.length - valid};
		if (good)
			break;
		bad = utf8_bad_length(rest);
		buffer_puts(d->out, "\xef\xbf\xbd");
		rest = (struct bytes){rest.data + bad, rest.length - bad};
	}
	return true;
}

/* The position in a message counts from behind the mark, as in encodings/utf_8_sig.py. */
bool
codec_utf8_sig(struct decoding *d)
{
	if (d->in.length >= 3 && memcmp(d->in.data, "\xef\xbb\xbf", 3) == 0)
		d->in = (struct bytes){d->in.data + 3, d->in.length - 3};
	return codec_utf8(d);
}

static uint32_t
number_at(struct bytes in, size_t at, size_t size, bool big)
{
	uint32_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | (unsigned char)in.data[at + (big ? i : size - 1 - i)];
	return number;
}

/* What is left of the text is no whole character: a StreamReader waits for the rest of it. */
static bool
unfinished(struct decoding *d, size_t at, size_t count, const char *name, const char *reason)
{
	return d->errors == CODEC_STREAM || codec_error(d, at, count, name, reason);
}

static bool
utf16_from(struct decoding *d, size_t at, const struct order *order)
{
	while (d->in.length - at >= 2) {
		uint32_t unit = number_at(d->in, at, 2, order->big), low;
		bool right = true;

		if ((unit & 0xf800) != 0xd800) {
			put_character(d->out, unit);
		} else if (unit >= 0xdc00) {
			right = codec_error(d, at, 2, order->name, "illegal encoding");
		} else if (d->in.length - at < 4) {
			return unfinished(
			    d, at, d->in.length - at, order->name, "unexpected end of data");
		} else if (low = number_at(d->in, at + 2, 2, order->big),
		    (low & 0xfc00) == 0xdc00) {
			put_character(d->out, 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff)));
			at += 2;
		} else {
			right = codec_error(d, at, 2, order->name, "illegal UTF-16 surrogate");
		}
		if (!right)
			return false;
		at += 2;
	}
	return at == d->in.length || unfinished(d, at, 1, order->name, "truncated data");
}

static const char *
utf32_fault(uint32_t c)
{
	if (c > 0x10ffff)
		return "code point not in range(0x110000)";
	if (c >= 0xd800 && c <= 0xdfff)
		return "code point in surrogate code point range(0xd800, 0xe000)";
	return NULL;
}

static bool
utf32_from(struct decoding *d, size_t at, const struct order *order)
{
	for (; d->in.length - at >= 4; at += 4) {
		uint32_t c = number_at(d->in, at, 4, order->big);
		const char *fault = utf32_fault(c);

		if (fault == NULL)
			put_character(d->out, c);
		else if (!codec_error(d, at, 4, order->name, fault))
			return false;
	}
	return at == d->in.length ||
	       unfinished(d, at, d->in.length - at, order->name, "truncated data");
}

/* encodings/utf_16.py and utf_32.py: only the StreamReader insists on a mark. */
static bool
stream_needs_mark(struct decoding *d, size_t decoded, const char *message)
{
	if (d->errors != CODEC_STREAM || d->out->length == decoded)
		return true;
	d->message = message;
	return false;
}

bool
codec_utf16(struct decoding *d)
{
	uint32_t mark = d->in.length >= 2 ? number_at(d->in, 0, 2, false) : 0;
	size_t before = d->out->length;

	if (mark == 0xfeff || mark == 0xfffe)
		return utf16_from(d, 2, &utf16_orders[mark == 0xfffe]);
	return utf16_from(d, 0, &utf16_orders[0]) &&
	       stream_needs_mark(d, before, "UTF-16 stream does not start with BOM");
}

bool
codec_utf16_le(struct decoding *d)
{
	return utf16_from(d, 0, &utf16_orders[0]);
}

bool
codec_utf16_be(struct decoding *d)
{
	return utf16_from(d, 0, &utf16_orders[1]);
}

bool
codec_utf32(struct decoding *d)
{
	uint32_t mark = d->in.length >= 4 ? number_at(d->in, 0, 4, false) : 0;
	size_t before = d->out->length;

	if (mark == 0xfeff || mark == 0xfffe0000)
		return utf32_from(d, 4, &utf32_orders[mark == 0xfffe0000]);
	return utf32_from(d, 0, &utf32_orders[0]) &&
	       stream_needs_mark(d, before, "UTF-32 stream does not start with BOM");
}

bool
codec_utf32_le(struct decoding *d)
{
	return utf32_from(d, 0, &utf32_orders[0]);
}

bool
codec_utf32_be(struct decoding *d)
{
	return utf32_from(d, 0, &utf32_orders[1]);
}
