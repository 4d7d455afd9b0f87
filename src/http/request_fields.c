/*
 * Parses a body into the values of an endpoint's fields, like rest_framework's parsers and a
 * Serializer of CharFields, with their messages.
 */
#include "base/utf8.h"
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

/* The parsed body: JSON, or the fields of a form, or neither if it was empty. */
struct data {
	struct json_object *json;
	struct form_field *form;
	bool is_json; /* also for null, where json is NULL */
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
	const char *message;

	data->is_json = true;
	return json_parse(request->arena, text, JSON_BODY, &data->json, &message) ||
	       parse_error(
		   request, arena_printf(request->arena, "JSON parse error - %s", message), out);
}

static bool
parse_body(struct request *request, struct data *data, struct reply *out)
{
	struct arena *arena = request->arena;
	const char *given = request->content_type == NULL ? "" : request->content_type;
	struct bytes type = bytes_of(given), body = request->body;
	struct media media = media_parse(type);
	bool forms = !request->config->json_only, latin1;
	const char *message = NULL;

	*data = (struct data){.json = NULL};
	if (body.length == 0)
		return true;
	if (media_charset(media, &latin1)) {
		if (media_matches(media, "application", "json"))
			return parse_json(
			    request, latin1 ? form_text(arena, body, true) : body, data, out);
		if (forms && media_matches(media, "application", "x-www-form-urlencoded"))
			return form_urlencoded(arena, body, latin1, &data->form, &message) ||
			       parse_error(request, message, out);
		if (forms && media_matches(media, "multipart", "form-data"))
			return form_multipart(arena, body, media_parameter(media, "boundary"),
				   latin1, &data->form, &message) ||
			       parse_error(request, message, out);
	}
	/* DRF shows the header as WSGI decodes it, as ISO 8859-1. */
	*out = reply_refuse(request, WIRE_MEDIA_TYPE, form_text(arena, type, true).data);
	return false;
}

/* Finds the raw text of one field. Returns the message that refuses it, or NULL. */
static const char *
find_value(struct arena *arena, const struct data *data, const char *name, struct bytes *out)
{
	if (data->json == NULL) {
		const struct form_field *field = form_field(data->form, name);

		if (field == NULL)
			return REQUIRED;
		*out = field->value;
		return field->file ? NO_STRING : NULL;
	}
	if (!json_has(data->json, name))
		return REQUIRED;
	if (json_kind(json_member(data->json, name)) == JSON_NULL)
		return NOT_NULL;
	*out = json_text(arena, json_member(data->json, name));
	return out->data == NULL ? NO_STRING : NULL;
}

const char *
request_field_name(const struct config *config, const struct field *field)
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

bool
request_needs_field(const struct config *config, const struct field *field)
{
	if (field->kind == FIELD_COOKIE)
		return config->refresh_cookie == REFRESH_COOKIE_OFF;
	return field->kind != FIELD_OPTIONAL && field->kind != FIELD_READ_ONLY;
}

/* Reads one field; adds a sentence to `errors` if it is refused. */
static void
read_field(struct request *request, const struct data *data, const struct field *field,
    struct bytes *value, struct json_object *errors)
{
	const char *name = request_field_name(request->config, field);
	const char *refused = find_value(request->arena, data, name, value);

	if (refused != NULL && strcmp(refused, REQUIRED) == 0 &&
	    !request_needs_field(request->config, field))
		return;
	if (refused == NULL && (field->kind != FIELD_PASSWORD || request->config->password_trim))
		*value = utf8_strip(*value);
	if (refused == NULL && value->length == 0)
		refused = NOT_BLANK;
	if (refused == NULL && memchr(value->data, '\0', value->length) != NULL)
		refused = NO_NUL;
	if (refused != NULL)
		json_put_text(json_put_array(errors, name), NULL, refused);
}

static const char *
python_type(struct json_object *value)
{
	static const char *const names[] = {[JSON_NULL] = "NoneType",
	    [JSON_BOOL] = "bool",
	    [JSON_INT] = "int",
	    [JSON_FLOAT] = "float",
	    [JSON_STRING] = "str",
	    [JSON_ARRAY] = "list",
	    [JSON_OBJECT] = "dict"};

	return names[json_kind(value)];
}

/* Refuses a JSON body that is not an object (DRF's "dictionary"). */
static struct reply
refuse_value(struct request *request, struct json_object *value)
{
	if (value == NULL)
		return reply_non_field_error(request, "No data provided");
	return reply_non_field_error(
	    request, arena_printf(request->arena,
			 "Invalid data. Expected a dictionary, but got %s.", python_type(value)));
}

bool
request_fields(struct request *request, const struct field *fields, struct reply *out)
{
	struct json_object *errors = json_new_object(request->arena);
	struct bytes *values = arena_alloc(request->arena, FIELDS_MAXIMUM * sizeof(*values));
	struct data data;

	if (!parse_body(request, &data, out))
		return false;
	if (data.is_json && json_kind(data.json) != JSON_OBJECT) {
		*out = refuse_value(request, data.json);
		return false;
	}
	for (size_t i = 0; fields[i].kind != FIELD_END && fields[i].kind != FIELD_READ_ONLY; i++)
		read_field(request, &data, &fields[i], &values[i], errors);
	if (json_count(errors) > 0) {
		*out = reply_field_errors(request, errors);
		return false;
	}
	request->values = values;
	return true;
}
