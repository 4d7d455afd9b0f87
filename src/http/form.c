#include "http/form.h"

#include "http/codec.h"
#include "http/percent.h"

#include <string.h>

#define MOST_FIELDS 1000 /* settings.DATA_UPLOAD_MAX_NUMBER_FIELDS */

/* QueryDict: the charset, or else ISO 8859-1, whatever bytes there are. */
static char *
form_text(struct arena *arena, struct bytes body, const struct codec *codec, size_t *length)
{
	struct buffer out = {.arena = arena};
	struct decoding decoding = {
	    .codec = codec, .in = body, .errors = CODEC_STRICT, .out = &out};

	if (!codec->decode(&decoding)) {
		decoding.in = body;
		out.length = 0;
		codec_latin1(&decoding);
	}
	*length = out.length;
	return out.data;
}

/* A separator more makes a field more, empty or not (urllib.parse.parse_qsl's max_num_fields). */
static size_t
separators(struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += text.data[i] == '&';
	return count;
}

static struct form_field *
field_read(struct arena *arena, struct bytes text, const struct codec *codec)
{
	struct form_field *field = arena_alloc(arena, sizeof(*field));
	const char *equals = memchr(text.data, '=', text.length);
	struct bytes name = text, value = {0};

	if (equals != NULL) {
		name.length = (size_t)(equals - text.data);
		value = (struct bytes){equals + 1, text.length - name.length - 1};
	}
	field->name = percent_decode(arena, name, codec);
	field->value = percent_decode(arena, value, codec);
	return field;
}

bool
form_urlencoded(struct arena *arena, struct bytes body, const char *charset,
    struct form_field **out, const char **message)
{
	const struct codec *codec = codec_of(charset);
	struct bytes rest = {0};
	char *text;

	*out = NULL;
	text = form_text(arena, body, codec, &rest.length);
	rest.data = text;
	if (separators(rest) >= MOST_FIELDS) {
		*message = "The number of GET/POST parameters exceeded "
			   "settings.DATA_UPLOAD_MAX_NUMBER_FIELDS.";
		return false;
	}
	for (size_t i = 0; i < rest.length; i++)
		text[i] = text[i] == '+' ? ' ' : text[i];
	while (rest.length > 0) {
		const char *end = memchr(rest.data, '&', rest.length);
		size_t length = end == NULL ? rest.length : (size_t)(end - rest.data);
		size_t used = length + (end != NULL);

		if (length > 0) {
			*out = field_read(arena, (struct bytes){rest.data, length}, codec);
			out = &(*out)->next;
		}
		rest = (struct bytes){rest.data + used, rest.length - used};
	}
	return true;
}

const struct form_field *
form_field(const struct form_field *field, const char *name)
{
	const struct form_field *last = NULL;

	for (; field != NULL; field = field->next) {
		if (bytes_equal(field->name, name))
			last = field;
	}
	return last;
}
