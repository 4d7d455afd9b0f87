/*
 * JSON: a thin layer over json-c. No other folder includes json-c's headers.
 *
 * json-c parses only text that strict_check() has accepted. A tree belongs to the arena in which it
 * was made: at the arena's end its strings are zeroed and json-c frees it. So callers free nothing,
 * and everything that the functions here return lives as long as the arena. A null is a NULL
 * pointer, as in json-c; json_has() distinguishes it from a missing member. All functions accept
 * NULL.
 */
#pragma once

#include "base/buffer.h"
#include "json/strict.h"

struct json_object; /* json-c's type: a value of any kind */

enum json_kind { JSON_NULL, JSON_BOOL, JSON_FLOAT, JSON_INT, JSON_OBJECT, JSON_ARRAY, JSON_STRING };

/*
 * Parses one JSON text into *out. Returns false for a text that strict_check() or json-c refuses,
 * for a number that overflows and, with JSON_STRICT, for a duplicate member. *why (unless NULL) is
 * then a reason in the arena, such as "invalid UTF-8 at byte 13".
 */
bool json_parse(
    struct arena *, struct bytes text, enum json_rules, struct json_object **out, const char **why);

enum json_kind json_kind(struct json_object *);

/* Members of an object. json_member() returns NULL also for a missing member. */
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

/* The number of elements or members; an element of an array, NULL after the last one. */
size_t json_count(struct json_object *);
struct json_object *json_element(struct json_object *array, size_t);

/* The contents of a string, UTF-8, may contain NUL; no bytes (data is NULL) for other kinds. */
struct bytes json_string(struct json_object *);
bool json_is(struct json_object *, const char *text); /* a string equal to text */
bool json_is_true(struct json_object *);              /* the value true, not a "truthy" one */
bool json_integer(struct json_object *, int64_t *out);
bool json_number(struct json_object *, double *out); /* an integer or a float */

/* A string, an integer or a float (as written) as text; no bytes for other kinds. */
struct bytes json_text(struct arena *, struct json_object *);

/* New and empty. */
struct json_object *json_new_object(struct arena *);
struct json_object *json_new_array(struct arena *);

/*
 * Add a value to an object, replacing a member of the same name, or append it to an array (name is
 * NULL). json_put() shares the value with the object that it came from, json_put_members() each
 * member of an object. json_put_object() and json_put_array() add an empty one and return it.
 * Invalid UTF-8 is written as U+FFFD.
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
 * Writes a value without white space. ascii: escapes all but printable ASCII as \uXXXX, as PyJWT
 * writes claims (browsers read them with JSON.parse(atob(...))). Otherwise writes UTF-8 with U+2028
 * and U+2029 escaped, as DRF's JSONRenderer does. Zeroes json-c's own copy of the text.
 */
void json_write(struct buffer *, struct json_object *, bool ascii);
