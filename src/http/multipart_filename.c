#include "http/multipart_header.h"

#include "http/codec.h"

#include <string.h>

/* The last component of a path, as far as it matters: "", "." and ".." are no names. */
struct component {
	size_t length;
	bool dots;
};

static void
component_add(struct component *last, uint32_t c)
{
	if (c == '/' || c == '\\') {
		*last = (struct component){0, true};
		return;
	}
	last->length++;
	last->dots = last->dots && c == '.';
}

/* html.unescape() gives nothing at all for these. */
static bool
is_no_character(uint32_t c)
{
	return (c >= 1 && c <= 8) || c == 0x0b || (c >= 0x0e && c <= 0x1f) || c == 0x7f ||
	       (c >= 0xfdd0 && c <= 0xfdef) || (c <= 0x10ffff && (c & 0xfffe) == 0xfffe);
}

static uint32_t
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 : 16;
}

/* "&#47;" or "&#x2f", the semicolon or not: its length, 0 if it is none. */
static size_t
numeric_reference(struct bytes text, struct component *last)
{
	uint32_t base = text.length > 2 && (text.data[2] | 0x20) == 'x' ? 16 : 10, c = 0;
	size_t start = base == 16 ? 3 : 2, i = start;

	if (text.length < 2 || text.data[1] != '#')
		return 0;
	for (; i < text.length && digit_value(text.data[i]) < base; i++)
		c = c > 0x10ffff ? c : c * base + digit_value(text.data[i]);
	if (i == start)
		return 0;
	if (!is_no_character(c))
		component_add(last, c);
	return i + (i < text.length && text.data[i] == ';');
}

/* Of HTML's named characters only these three matter; the others are never a separator or a dot. */
static size_t
named_reference(struct bytes text, struct component *last)
{
	static const struct {
		const char *name, character;
	} references[] = {{"&sol;", '/'}, {"&bsol;", '\\'}, {"&period;", '.'}};

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		size_t length = strlen(references[i].name);

		if (text.length < length || memcmp(text.data, references[i].name, length) != 0)
			continue;
		component_add(last, (uint32_t)references[i].character);
		return length;
	}
	return 0;
}

/* MultiPartParser.sanitize_file_name() */
bool
part_has_filename(struct arena *arena, const struct part_header *header, const struct codec *codec)
{
	struct bytes text = header_text(arena, header->filename, codec);
	struct component last = {0, true};

	while (text.length > 0) {
		size_t used = 0;

		if (text.data[0] == '&')
			used = numeric_reference(text, &last);
		if (text.data[0] == '&' && used == 0)
			used = named_reference(text, &last);
		if (used == 0) {
			component_add(&last, (unsigned char)text.data[0]);
			used = 1;
		}
		text = (struct bytes){text.data + used, text.length - used};
	}
	return !last.dots || last.length > 2;
}
