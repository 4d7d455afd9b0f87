#include "http/multipart_header.h"

#include "http/codec.h"
#include "http/parameter.h"
#include "http/percent.h"
#include "json/json.h"

#include <string.h>

/* What becomes of a header line; Django drops one that raises ValueError. */
enum line {
	LINE_GOOD,
	LINE_DROPPED,
	LINE_FATAL,
};

struct wanted {
	const char *name;
	struct header_value value;
};

static bool
is_ascii(struct bytes text)
{
	for (size_t i = 0; i < text.length; i++) {
		if ((unsigned char)text.data[i] >= 0x80)
			return false;
	}
	return true;
}

static size_t
count_quotes(struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += text.data[i] == '\'';
	return count;
}

static struct bytes
cut(struct bytes *rest, char separator)
{
	struct bytes piece = *rest;
	const char *at = rest->length == 0 ? NULL : memchr(rest->data, separator, rest->length);

	if (at == NULL) {
		*rest = (struct bytes){0};
		return piece;
	}
	piece.length = (size_t)(at - piece.data);
	*rest = (struct bytes){at + 1, rest->length - piece.length - 1};
	return piece;
}

/* RFC 2231, section 4: charset'language'value; only an escape asks for the charset. */
static enum line
extended_read(struct arena *arena, struct bytes *value, const char **message)
{
	struct bytes rest = *value, charset = cut(&rest, '\'');
	const struct codec *codec = codec_find(charset);

	if (count_quotes(*value) != 2)
		return LINE_DROPPED;
	cut(&rest, '\'');
	if (!utf8_check(arena, rest, false, NULL, NULL) ||
	    !utf8_check(arena, charset, false, NULL, NULL))
		return LINE_DROPPED;
	*value = rest;
	if (rest.length == 0 || memchr(rest.data, '%', rest.length) == NULL)
		return LINE_GOOD;
	if (charset.length > 0 && memchr(charset.data, '\0', charset.length) != NULL)
		return LINE_DROPPED;
	if (codec == NULL) {
		*message = arena_printf(
		    arena, "unknown encoding: %.*s", (int)charset.length, charset.data);
		return LINE_FATAL;
	}
	*value = percent_decode(arena, rest, codec);
	return LINE_GOOD;
}

static enum line
parameter_read(struct arena *arena, struct bytes part, struct wanted *wanted, size_t count,
    const char **message)
{
	struct bytes name, value;
	bool extended = false;

	if (!parameter_split(part, &name, &value))
		return LINE_GOOD;
	if (!is_ascii(name))
		return LINE_DROPPED;
	if (name.length > 0 && name.data[name.length - 1] == '*') {
		name.length--;
		extended = count_quotes(part) == 2;
	}
	value = parameter_unquote(arena, value);
	if (extended) {
		enum line line = extended_read(arena, &value, message);

		if (line != LINE_GOOD)
			return line;
	}
	for (size_t i = 0; i < count; i++) {
		if (parameter_is(name, wanted[i].name))
			wanted[i].value = (struct header_value){true, extended, value};
	}
	return LINE_GOOD;
}

/* django.http.multipartparser.parse_header() */
static enum line
line_read(struct arena *arena, struct bytes line, struct bytes *main, struct wanted *wanted,
    size_t count, const char **message)
{
	struct parameters list = parameters_of(line, PARAMETERS_DJANGO);
	struct bytes part;
	enum line result = LINE_GOOD;

	parameters_next(&list, main);
	if (!is_ascii(*main))
		return LINE_DROPPED;
	*main = parameter_lower(arena, *main);
	while (result == LINE_GOOD && parameters_next(&list, &part))
		result = parameter_read(arena, part, wanted, count, message);
	return result;
}

/* Python's str.isspace(), as UTF-8. */
static const char *const blanks[] = {"\t", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e", "\x1f",
    " ", "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80"};

static size_t
blank_at(struct bytes text, bool end)
{
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		size_t length = strlen(blanks[i]);

		if (length <= text.length &&
		    memcmp(text.data + (end ? text.length - length : 0), blanks[i], length) == 0)
			return length;
	}
	return 0;
}

/* str.strip() */
static struct bytes
text_strip(struct bytes text)
{
	size_t blank;

	while ((blank = blank_at(text, true)) > 0)
		text.length -= blank;
	while ((blank = blank_at(text, false)) > 0)
		text = (struct bytes){text.data + blank, text.length - blank};
	return text;
}

static enum line
header_line(
    struct arena *arena, struct bytes line, struct part_header *header, const char **message)
{
	struct wanted wanted[] = {{.name = "name"}, {.name = "filename"}};
	struct bytes value, name;
	enum line result = line_read(arena, line, &value, wanted, 2, message);

	if (result != LINE_GOOD || value.length == 0 ||
	    memchr(value.data, ':', value.length) == NULL)
		return result;
	name = cut(&value, ':');
	if (bytes_equal(name, "content-disposition")) {
		header->name = wanted[0].value;
		header->filename = wanted[1].value;
		header->kind = header->filename.bytes.length > 0 ? PART_FILE : PART_FIELD;
	} else if (bytes_equal(name, "content-transfer-encoding")) {
		header->base64 = bytes_equal(text_strip(value), "base64");
	}
	return LINE_GOOD;
}

bool
part_header_read(
    struct arena *arena, struct bytes header, struct part_header *out, const char **message)
{
	size_t start = 0;

	*out = (struct part_header){0};
	for (size_t i = 0; i <= header.length; i++) {
		if (i < header.length &&
		    (header.length - i < 2 || memcmp(header.data + i, "\r\n", 2) != 0))
			continue;
		if (header_line(arena, (struct bytes){header.data + start, i - start}, out,
			message) == LINE_FATAL)
			return false;
		start = i + 2;
	}
	return true;
}

bool
boundary_read(
    struct arena *arena, struct bytes content_type, struct header_value *out, const char **message)
{
	struct wanted wanted[] = {{.name = "boundary"}};
	struct bytes value;

	*message = "Invalid parameter in multipart Content-Type";
	if (line_read(arena, content_type, &value, wanted, 1, message) != LINE_GOOD)
		return false;
	*out = wanted[0].value;
	return true;
}

struct bytes
header_text(struct arena *arena, struct header_value value, const struct codec *codec)
{
	struct buffer text = {.arena = arena};

	if (value.text)
		return value.bytes;
	codec_put(codec, value.bytes, &text);
	return buffer_bytes(&text);
}

/* bytes.strip() before decoding, or str.strip(). */
struct bytes
part_name(struct arena *arena, const struct part_header *header, const struct codec *codec)
{
	struct header_value name = header->name;

	name.bytes = name.text ? text_strip(name.bytes) : parameter_strip(name.bytes);
	return header_text(arena, name, codec);
}
