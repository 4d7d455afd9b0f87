/*
 * Reads JSON values: their kind, and their contents as C types.
 */
#include "json/json.h"

#include <json-c/json.h>

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
