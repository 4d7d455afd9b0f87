/*
 * JSON: a thin layer over json-c. Nothing else includes json-c's headers.
 *
 * Every text is read by json-c behind strict_check(). A tree belongs to the arena that it was made
 * in: at the arena's end its strings are zeroed and its memory goes back to json-c, so no caller
 * frees, and whatever the functions here return lives as long as the arena. A null is a NULL
 * pointer, as in json-c: json_has() tells it from a member that is missing. All functions take
 * NULL.
 */
#pragma once

#include "base/buffer.h"
#include "json/strict.h"

struct json_object; /* json-c's: a value of any kind */

enum json_kind { JSON_NULL, JSON_BOOL, JSON_FLOAT, JSON_INT, JSON_OBJECT, JSON_ARRAY, JSON_STRING };

/*
 * Reads one JSON text into *out. Returns false for a text that strict_check() or json-c refuses,
 * that has a number that overflows or, under JSON_STRICT, a member twice; then *why (unless NULL)
 * says so in the arena, such as "invalid UTF-8 at byte 13".
 */
bool json_parse(
    struct arena *, struct bytes text, enum json_rules, struct json_object **out, const char **why);

enum json_kind json_kind(struct json_object *);

/* Members of an object, in the order written. json_member() returns NULL for a missing one too. */
struct json_object *json_member(struct json_object *object, const char *name);
bool json_has(struct json_object *object, const char *name);

/* for (struct json_entry e = json_first(object); e.name != NULL; json_next(&e)) */
struct json_entry {
	const char *name;
	struct json_object *value;
	const void *next;
};
struct json_entry json_first(struct json_object *object);
void json_next(struct json_entry *);

/* How many elements or members there are; an element of an array, NULL behind the last one. */
size_t json_count(struct json_object *);
struct json_object *json_element(struct json_object *array, size_t);

/* The characters of a string, UTF-8, NUL included; no bytes (data is NULL) for any other kind. */
struct bytes json_string(struct json_object *);
bool json_is(struct json_object *, const char *text); /* a string of these very characters */
bool json_is_true(struct json_object *);              /* true for the value true alone */
bool json_integer(struct json_object *, int64_t *out);
bool json_number(struct json_object *, double *out); /* an integer or a float */

/* A string, an integer, or a float as it was written, as text; no bytes for any other kind. */
struct bytes json_text(struct arena *, struct json_object *);

/* A new empty object or array, to be filled by the functions below and written. */
struct json_object *json_new_object(struct arena *);
struct json_object *json_new_array(struct arena *);

/*
 * Put a value into an object, in the place of the member of that name if there is one, else at the
 * end; into an array, where the name is NULL, at the end. json_put() shares the value with the
 * object that it is from, json_put_members() each of an object's members. Text that is not UTF-8 is
 * written with U+FFFD.
 */
void json_put(struct json_object *into, const char *name, struct json_object *value);
void json_put_members(struct json_object *into, struct json_object *from);
void json_put_bytes(struct json_object *into, const char *name, struct bytes utf8);
void json_put_text(struct json_object *into, const char *name, const char *utf8);
void json_put_integer(struct json_object *into, const char *name, int64_t);
void json_put_bool(struct json_object *into, const char *name, bool);
struct json_object *json_put_object(struct json_object *into, const char *name);
struct json_object *json_put_array(struct json_object *into, const char *name);

/*
 * Writes a value without white space. ascii: all but printable ASCII as \uXXXX, as PyJWT writes
 * claims (browsers read them with JSON.parse(atob(...))); else raw UTF-8 with U+2028 and U+2029
 * escaped, as DRF's JSONRenderer writes answers. json-c's own copy of the text is zeroed.
 */
void json_write(struct buffer *, struct json_object *, bool ascii);
