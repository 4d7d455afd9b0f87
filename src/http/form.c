#include "http/form.h"

#include "base/buffer.h"
#include "base/utf8.h"

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
