#include "http/percent.h"

#include "http/codec.h"

#include <string.h>

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* A '%' that no two digits follow stays. */
static size_t
undo_escapes(struct bytes text, char *out)
{
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++) {
		int high = -1, low = -1;

		if (text.data[i] == '%' && text.length - i > 2) {
			high = digit_value(text.data[i + 1]);
			low = digit_value(text.data[i + 2]);
		}
		if (high < 0 || low < 0) {
			out[length++] = text.data[i];
			continue;
		}
		out[length++] = (char)(high << 4 | low);
		i += 2;
	}
	return length;
}

static size_t
run_length(struct bytes text, bool ascii)
{
	size_t length = 0;

	while (length < text.length && ((text.data[length] & 0x80) == 0) == ascii)
		length++;
	return length;
}

/* Every run of ASCII is decoded on its own, whether it has an escape or not. */
struct bytes
percent_decode(struct arena *arena, struct bytes text, const struct codec *codec)
{
	struct buffer out = {.arena = arena};
	char *scratch;

	if (text.length == 0 || memchr(text.data, '%', text.length) == NULL)
		return text;
	scratch = arena_alloc(arena, text.length);
	while (text.length > 0) {
		size_t ascii = run_length(text, true), other;

		codec_put(codec,
		    (struct bytes){
			scratch, undo_escapes((struct bytes){text.data, ascii}, scratch)},
		    &out);
		text = (struct bytes){text.data + ascii, text.length - ascii};
		other = run_length(text, false);
		buffer_put(&out, text.data, other);
		text = (struct bytes){text.data + other, text.length - other};
	}
	return buffer_bytes(&out);
}
