#include "http/form.h"

#include "base/buffer.h"
#include "base/utf8.h"
#include "http/media.h"

#define REPLACEMENT "\xef\xbf\xbd"

static struct bytes
latin1_to_utf8(struct arena *arena, struct bytes text)
{
	struct buffer out = {.arena = arena};

	buffer_puts(&out, "");
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte >= 0x80)
			buffer_putc(&out, (char)(0xc0 | byte >> 6));
		buffer_putc(&out, (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte));
	}
	return buffer_bytes(&out);
}

struct bytes
form_text(struct arena *arena, struct bytes text, bool latin1)
{
	struct buffer out = {.arena = arena};
	size_t valid;

	if (latin1)
		return latin1_to_utf8(arena, text);
	if (utf8_valid(text) == text.length)
		return text;
	while ((valid = utf8_valid(text)) < text.length) {
		buffer_put(&out, text.data, valid);
		buffer_puts(&out, REPLACEMENT);
		text = (struct bytes){text.data + valid + 1, text.length - valid - 1};
	}
	buffer_put(&out, text.data, text.length);
	return buffer_bytes(&out);
}

bool
form_unescape(struct arena *arena, struct bytes text, struct bytes *unescaped)
{
	char *out = arena_alloc(arena, text.length + 1);
	size_t length = 0;
	bool whole = true;

	for (size_t i = 0; i < text.length; i++) {
		int high = -1, low = -1;

		if (text.data[i] == '%' && text.length - i > 2) {
			high = bytes_hex_digit(text.data[i + 1]);
			low = bytes_hex_digit(text.data[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			out[length++] = (char)(high << 4 | low);
			i += 2;
		} else {
			whole = whole && text.data[i] != '%';
			out[length++] = text.data[i] == '+' ? ' ' : text.data[i];
		}
	}
	*unescaped = (struct bytes){out, length};
	return whole;
}

/* One encoded name or value as UTF-8. */
static struct bytes
text_of(struct arena *arena, struct bytes encoded, bool latin1)
{
	form_unescape(arena, encoded, &encoded);
	return form_text(arena, encoded, latin1);
}

bool
form_urlencoded(struct arena *arena, struct bytes body, bool latin1, struct form_field **out,
    const char **message)
{
	struct form_field **next = out;
	struct bytes name, value;
	size_t separators = 0;

	*out = NULL;
	while (body.length > 0) {
		separators += bytes_cut(&body, "&", &value);
		if (separators >= FORM_FIELDS_MAXIMUM) {
			*message = FORM_TOO_MANY;
			*out = NULL;
			return false;
		}
		if (value.length == 0)
			continue;
		bytes_cut(&value, "=", &name);
		*next = arena_alloc(arena, sizeof(**next));
		(*next)->name = text_of(arena, name, latin1);
		(*next)->value = text_of(arena, value, latin1);
		next = &(*next)->next;
	}
	return true;
}

const struct form_field *
form_field(const struct form_field *field, const char *name)
{
	const struct form_field *last = NULL;

	for (; field != NULL; field = field->next)
		if (bytes_equal(field->name, name))
			last = field;
	return last;
}

/* The Content-Disposition of a part (RFC 7578, section 4.2); main is empty if it has none. */
static struct media
disposition_of(struct bytes headers)
{
	struct bytes line, name;

	while (headers.length > 0) {
		bytes_cut(&headers, "\r\n", &line);
		if (bytes_cut(&line, ":", &name) && bytes_equal_case(name, "content-disposition"))
			return media_parse(line);
	}
	return (struct media){.main = {NULL, 0}};
}

/* NULL for a part without a name or a Content-Disposition: it is not a field. */
static struct form_field *
field_of(struct arena *arena, struct bytes headers, struct bytes content, bool latin1)
{
	struct media disposition = disposition_of(headers);
	struct bytes name = media_parameter(disposition, "name");
	struct form_field *field;

	if (name.data == NULL)
		return NULL;
	field = arena_alloc(arena, sizeof(*field));
	field->name = form_text(arena, name, latin1);
	field->file = media_parameter(disposition, "filename").length > 0;
	if (!field->file)
		field->value = form_text(arena, content, latin1);
	return field;
}

/*
 * Reads one part after its opening boundary: line end, headers, empty line, content, next boundary.
 * delimiter: a line end, two hyphens and the boundary.
 */
static bool
part_cut(struct bytes *rest, const char *delimiter, struct bytes *headers, struct bytes *content)
{
	struct bytes blanks, part;

	if (!bytes_cut(rest, delimiter, &part) || !bytes_cut(&part, "\r\n", &blanks) ||
	    bytes_strip(blanks).length > 0)
		return false;
	if (part.length >= 2 && memcmp(part.data, "\r\n", 2) == 0) {
		*headers = (struct bytes){NULL, 0};
		*content = (struct bytes){part.data + 2, part.length - 2};
		return true;
	}
	if (!bytes_cut(&part, "\r\n\r\n", headers))
		return false;
	*content = part;
	return true;
}

static bool
fields_read(struct arena *arena, struct bytes rest, const char *delimiter, bool latin1,
    struct form_field **next, const char **message)
{
	struct bytes headers, content;

	for (size_t count = 0; rest.length < 2 || memcmp(rest.data, "--", 2) != 0; count++) {
		*message = FORM_TOO_MANY;
		if (count == FORM_FIELDS_MAXIMUM)
			return false;
		*message = "Multipart form parse error - A part is malformed or has no end";
		if (!part_cut(&rest, delimiter, &headers, &content))
			return false;
		*next = field_of(arena, headers, content, latin1);
		if (*next != NULL)
			next = &(*next)->next;
	}
	return true;
}

/* No line end precedes the first boundary if the body starts with it. */
static bool
first_boundary(struct bytes *rest, const char *delimiter)
{
	size_t length = strlen(delimiter) - 2;
	struct bytes preamble;

	if (rest->length < length || memcmp(rest->data, delimiter + 2, length) != 0)
		return bytes_cut(rest, delimiter, &preamble);
	*rest = (struct bytes){rest->data + length, rest->length - length};
	return true;
}

bool
form_multipart(struct arena *arena, struct bytes body, struct bytes boundary, bool latin1,
    struct form_field **out, const char **message)
{
	const char *delimiter;

	*out = NULL;
	*message = "Multipart form parse error - Invalid boundary in multipart: None";
	if (boundary.length == 0)
		return false;
	delimiter = arena_printf(arena, "\r\n--%.*s", (int)boundary.length, boundary.data);
	if (!first_boundary(&body, delimiter) ||
	    fields_read(arena, body, delimiter, latin1, out, message))
		return true;
	*out = NULL;
	return false;
}
