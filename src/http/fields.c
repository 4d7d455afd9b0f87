/*
 * From a body to the values of an endpoint's fields: rest_framework's parsers, then a Serializer of
 * CharFields, with their messages.
 */
#include "http/endpoint.h"
#include "http/form.h"
#include "http/media.h"
#include "json/json.h"

#include <string.h>

#define REQUIRED  "This field is required."
#define NOT_NULL  "This field may not be null."
#define NOT_BLANK "This field may not be blank."
#define NO_STRING "Not a valid string."
#define NO_NUL    "Null characters are not allowed."

/* What a body was parsed into: one of the two, or neither when it was empty. */
struct data {
	struct json *json;
	struct form_field *form;
	bool empty;
};

static bool
parse_error(struct request *request, const char *message, struct reply *out)
{
	*out = reply_refuse(request, WIRE_PARSE_ERROR, message);
	return false;
}

static bool
parse_json(struct request *request, struct bytes text, struct data *data, struct reply *out)
{
	struct arena *arena = request->arena;
	const char *message = NULL;

	if (utf8_check(arena, text, true, &text.length, &message))
		data->json = json_parse(arena, text, JSON_PYTHON, &message);
	return data->json != NULL ||
	       parse_error(request, arena_printf(arena, "JSON parse error - %s", message), out);
}

static bool
parse_body(struct request *request, struct data *data, struct reply *out)
{
	struct arena *arena = request->arena;
	const char *given = request->content_type == NULL ? "" : request->content_type;
	struct bytes type = bytes_of(given), body = request->body;
	struct media media = media_parse(arena, type);
	bool forms = !request->config->json_only, latin1;
	const char *message = NULL;

	*data = (struct data){NULL, NULL, body.length == 0};
	if (data->empty)
		return true;
	if (media_charset(arena, media, &latin1)) {
		if (media_matches(media, "application", "json"))
			return parse_json(
			    request, latin1 ? form_text(arena, body, true) : body, data, out);
		if (forms && media_matches(media, "application", "x-www-form-urlencoded"))
			return form_urlencoded(arena, body, latin1, &data->form, &message) ||
			       parse_error(request, message, out);
		if (forms && media_matches(media, "multipart", "form-data"))
			return form_multipart(arena, body,
				   media_parameter(arena, media, "boundary"), latin1, &data->form,
				   &message) ||
			       parse_error(request, message, out);
	}
	/* DRF shows the header as WSGI decoded it, byte by byte. */
	*out = reply_refuse(request, WIRE_MEDIA_TYPE, form_text(arena, type, true).data);
	return false;
}

/* Whether the character at the start is white space to str.strip(); *length is its bytes. */
static bool
is_space(const unsigned char *at, size_t left, size_t *length)
{
	static const char *const spaces[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xa8",
	    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

	*length = 1;
	if (*at < 0x80)
		return (*at >= 9 && *at <= 13) || (*at >= 0x1c && *at <= ' ');
	*length = 3;
	if (left >= 3 && at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0x80 && at[2] <= 0x8a)
		return true;
	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
		*length = strlen(spaces[i]);
		if (left >= *length && memcmp(at, spaces[i], *length) == 0)
			return true;
	}
	return false;
}

static size_t
character_before(const struct bytes *text)
{
	size_t back = 1;

	while (back < text->length && (text->data[text->length - back] & 0xc0) == 0x80)
		back++;
	return back;
}

static struct bytes
strip(struct bytes text)
{
	size_t length;

	while (
	    text.length > 0 && is_space((const unsigned char *)text.data, text.length, &length)) {
		text.data += length;
		text.length -= length;
	}
	while (text.length > 0) {
		size_t back = character_before(&text);

		if (!is_space(
			(const unsigned char *)text.data + text.length - back, back, &length) ||
		    length != back)
			break;
		text.length -= back;
	}
	return text;
}

/* The first lone surrogate of a text, as a code point; 0 if there is none. */
static unsigned
find_surrogate(struct bytes text)
{
	const unsigned char *at = (const unsigned char *)text.data, *end = at + text.length;

	while ((at = memchr(at, 0xed, (size_t)(end - at))) != NULL && end - at > 2) {
		if (at[1] >= 0xa0)
			return 0xd000u | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
		at++;
	}
	return 0;
}

/* The raw text of one field, or the message that refuses it. */
static const char *
find_value(struct arena *arena, const struct data *data, const char *name, struct bytes *out)
{
	const struct json *member;

	if (data->json == NULL) {
		const struct form_field *field = form_field(data->form, name);

		if (field == NULL)
			return REQUIRED;
		*out = field->value;
		return field->file ? NO_STRING : NULL;
	}
	member = json_member(data->json, name);
	if (member == NULL)
		return REQUIRED;
	if (member->type == JSON_NULL)
		return NOT_NULL;
	if (member->type == JSON_BOOL || member->type == JSON_ARRAY || member->type == JSON_OBJECT)
		return NO_STRING;
	*out = json_text(arena, member);
	return NULL;
}

static void
put_errors(struct buffer *out, const char *name, const char *first, const char *second)
{
	buffer_putc(out, out->length == 0 ? '{' : ',');
	json_write_string(out, bytes_of(name), false);
	buffer_puts(out, ":[");
	json_write_string(out, bytes_of(first), false);
	if (second != NULL) {
		buffer_putc(out, ',');
		json_write_string(out, bytes_of(second), false);
	}
	buffer_putc(out, ']');
}

const char *
field_name(const struct config *config, const struct field *field)
{
	switch (field->kind) {
	case FIELD_LOGIN:
		return config->username_field;
	case FIELD_PASSWORD:
		return "password";
	default:
		return field->name;
	}
}

static void
read_field(struct request *request, const struct data *data, const struct field *field,
    struct bytes *value, struct buffer *errors)
{
	const char *name = field_name(request->config, field), *nul, *surrogate;
	const char *refused = find_value(request->arena, data, name, value);
	unsigned code_point;

	if (refused == NULL && (field->kind != FIELD_PASSWORD || request->config->password_trim))
		*value = strip(*value);
	if (refused == NULL && value->length == 0)
		refused = NOT_BLANK;
	if (refused != NULL) {
		put_errors(errors, name, refused, NULL);
		return;
	}
	nul = memchr(value->data, '\0', value->length) != NULL ? NO_NUL : NULL;
	code_point = find_surrogate(*value);
	surrogate = code_point == 0
			? NULL
			: arena_printf(request->arena,
			      "Surrogate characters are not allowed: U+%X.", code_point);
	if (nul != NULL)
		put_errors(errors, name, nul, surrogate);
	else if (surrogate != NULL)
		put_errors(errors, name, surrogate, NULL);
}

static const char *
python_type(const struct json *json)
{
	static const char *const names[] = {[JSON_NULL] = "NoneType",
	    [JSON_BOOL] = "bool",
	    [JSON_INT] = "int",
	    [JSON_FLOAT] = "float",
	    [JSON_STRING] = "str",
	    [JSON_ARRAY] = "list",
	    [JSON_OBJECT] = "dict"};

	return names[json->type];
}

bool
request_fields(struct request *request, const struct field *fields, struct reply *out)
{
	struct buffer errors = {.arena = request->arena};
	struct bytes *values = arena_alloc(request->arena, FIELDS_MAXIMUM * sizeof(*values));
	struct data data;

	if (!parse_body(request, &data, out))
		return false;
	if (data.json != NULL && data.json->type != JSON_OBJECT) {
		*out = reply_non_field_error(
		    request, data.json->type == JSON_NULL
				 ? "No data provided"
				 : arena_printf(request->arena,
				       "Invalid data. Expected a dictionary, but got %s.",
				       python_type(data.json)));
		return false;
	}
	for (size_t i = 0; fields[i].kind != FIELD_END && fields[i].kind != FIELD_READ_ONLY; i++)
		read_field(request, &data, &fields[i], &values[i], &errors);
	if (errors.length > 0) {
		buffer_putc(&errors, '}');
		*out = reply_field_errors(request, buffer_bytes(&errors));
		return false;
	}
	request->values = values;
	return true;
}
