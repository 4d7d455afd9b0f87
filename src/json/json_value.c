/*
 * Reads JSON values, makes them, and writes them as text.
 */
#include "json/json.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <json-c/json.h>
#include <string.h>

#define ESCAPE_MAXIMUM 6  /* \uXXXX */
#define NUMBER_MAXIMUM 66 /* a number has at most 64 characters (strict.h) */

enum json_kind
json_kind(struct json_object *value)
{
	_Static_assert(JSON_BOOL == (int)json_type_boolean && JSON_FLOAT == (int)json_type_double &&
			   JSON_INT == (int)json_type_int && JSON_OBJECT == (int)json_type_object &&
			   JSON_ARRAY == (int)json_type_array &&
			   JSON_STRING == (int)json_type_string,
	    "the kinds are json-c's");
	return (enum json_kind)json_object_get_type(value);
}

struct json_object *
json_member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, name, &value);
	return value;
}

bool
json_has(struct json_object *object, const char *name)
{
	return json_object_object_get_ex(object, name, NULL);
}

size_t
json_count(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array))
		return json_object_array_length(value);
	return json_object_is_type(value, json_type_object)
		   ? (size_t)json_object_object_length(value)
		   : 0;
}

struct json_object *
json_element(struct json_object *array, size_t index)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_get_idx(array, index)
							   : NULL;
}

struct bytes
json_string(struct json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return (struct bytes){NULL, 0};
	return (struct bytes){
	    json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

bool
json_is(struct json_object *value, const char *text)
{
	return json_object_is_type(value, json_type_string) &&
	       bytes_equal(json_string(value), text);
}

bool
json_is_true(struct json_object *value)
{
	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

bool
json_integer(struct json_object *value, int64_t *out)
{
	if (!json_object_is_type(value, json_type_int))
		return false;
	*out = json_object_get_int64(value);
	return true;
}

bool
json_number(struct json_object *value, double *out)
{
	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		return false;
	*out = json_object_get_double(value);
	return true;
}

struct bytes
json_text(struct arena *arena, struct json_object *value)
{
	int64_t integer;

	if (json_integer(value, &integer))
		return bytes_of(arena_printf(arena, "%lld", (long long)integer));
	if (json_object_is_type(value, json_type_double))
		return bytes_of(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	return json_string(value);
}

static void
put(struct json_object *into, const char *name, struct json_object *value)
{
	int failed = name == NULL ? json_object_array_add(into, value)
				  : json_object_object_add(into, name, value);

	memory_need(failed ? NULL : into);
}

/* For a value that json-c has just allocated, or failed to. */
static void
put_new(struct json_object *into, const char *name, struct json_object *value)
{
	put(into, name, memory_need(value));
}

void
json_put(struct json_object *into, const char *name, struct json_object *value)
{
	put(into, name, json_object_get(value));
}

void
json_put_members(struct json_object *into, struct json_object *from)
{
	for (struct json_entry e = json_first(from); e.name != NULL; json_next(&e))
		json_put(into, e.name, e.value);
}

void
json_put_bytes(struct json_object *into, const char *name, struct bytes utf8)
{
	const char *data = utf8.length == 0 ? "" : utf8.data;

	put_new(into, name, json_object_new_string_len(data, (int)utf8.length));
}

void
json_put_text(struct json_object *into, const char *name, const char *utf8)
{
	json_put_bytes(into, name, bytes_of(utf8));
}

void
json_put_integer(struct json_object *into, const char *name, int64_t integer)
{
	put_new(into, name, json_object_new_int64(integer));
}

void
json_put_bool(struct json_object *into, const char *name, bool value)
{
	put_new(into, name, json_object_new_boolean(value));
}

struct json_object *
json_put_object(struct json_object *into, const char *name)
{
	struct json_object *object = json_object_new_object();

	put_new(into, name, object);
	return object;
}

struct json_object *
json_put_array(struct json_object *into, const char *name)
{
	struct json_object *array = json_object_new_array();

	put_new(into, name, array);
	return array;
}

/* An upper bound of the length of the value's text. */
static size_t
written_size(struct json_object *value)
{
	size_t size = NUMBER_MAXIMUM;

	if (json_object_is_type(value, json_type_string))
		size += ESCAPE_MAXIMUM * (size_t)json_object_get_string_len(value);
	else if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			size += written_size(json_object_array_get_idx(value, i));
	else
		for (struct json_entry e = json_first(value); e.name != NULL; json_next(&e))
			size += ESCAPE_MAXIMUM * strlen(e.name) + written_size(e.value);
	return size;
}

/* A json-c serializer that only enlarges the buffer of the text. */
static int
make_room(struct json_object *value, struct printbuf *text, int level, int flags)
{
	(void)level;
	(void)flags;
	memory_need(printbuf_memset(text, 0, '\0', (int)written_size(value)) < 0 ? NULL : text);
	printbuf_reset(text);
	return 0;
}

/* json-c's text of a value. The buffer must not grow: that leaves copies of secrets behind. */
static struct bytes
text_of(struct json_object *value)
{
	const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct bytes text;

	if (json_count(value) > 0 || json_string(value).length > 0) {
		json_object_set_serializer(value, make_room, NULL, NULL);
		json_object_to_json_string_ext(value, flags);
		json_object_set_serializer(value, NULL, NULL, NULL);
	}
	text.data = json_object_to_json_string_length(value, flags, &text.length);
	memory_need(text.data == NULL ? NULL : value);
	return text;
}

static bool
must_escape(uint32_t code, bool ascii)
{
	/* in JavaScript before 2019, the two separators ended a line */
	return ascii ? code > '~' : code == 0x2028 || code == 0x2029;
}

static void
put_escape(struct buffer *out, uint32_t code)
{
	if (code >= 0x10000)
		buffer_printf(out, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
		    0xdc00 + (code & 0x3ff));
	else
		buffer_printf(out, "\\u%04x", code);
}

/* The end of the characters from `at` that are never escaped here. */
static size_t
plain_end(struct bytes text, size_t at)
{
	while (at < text.length && text.data[at] > 0 && text.data[at] <= '~')
		at++;
	return at;
}

/* json-c has escaped what RFC 8259 requires; outside of strings the text is ASCII. */
static void
put_escaped(struct buffer *out, struct bytes text, bool ascii)
{
	size_t written = 0, size;
	uint32_t code;

	for (size_t at = plain_end(text, 0); at < text.length; at = plain_end(text, at + size)) {
		size = utf8_read((struct bytes){text.data + at, text.length - at}, &code);
		if (size > 0 && !must_escape(code, ascii))
			continue;
		buffer_put(out, text.data + written, at - written);
		put_escape(out, size > 0 ? code : 0xfffd);
		size = size > 0 ? size : 1;
		written = at + size;
	}
	buffer_put(out, text.data + written, text.length - written);
}

void
json_write(struct buffer *out, struct json_object *value, bool ascii)
{
	struct bytes text;

	if (value == NULL) {
		buffer_puts(out, "null");
		return;
	}
	text = text_of(value);
	put_escaped(out, text, ascii);
	explicit_bzero((void *)(uintptr_t)text.data, text.length);
}
