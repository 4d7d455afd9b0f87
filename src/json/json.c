#include "json/json.h"

#include "base/memory.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#define TOKENER_KEPT (64 * 1024) /* bytes of its buffer; a larger one is freed after use */

/* json-c declares the bytes constant, but they belong to our tree. */
static void
zero(const char *bytes, size_t length)
{
	explicit_bzero((void *)(uintptr_t)bytes, length);
}

static void
zero_strings(struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		zero(json_object_get_string(value), (size_t)json_object_get_string_len(value));
	else if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			zero_strings(json_object_array_get_idx(value, i));
	else
		for (struct json_entry e = json_first(value); e.name != NULL; json_next(&e))
			zero_strings(e.value);
}

static void
tree_end(void *tree)
{
	zero_strings(tree);
	json_object_put(tree);
}

/* Makes the arena the tree's owner. */
static struct json_object *
keep(struct arena *arena, struct json_object *tree)
{
	if (tree != NULL)
		arena_at_end(arena, tree_end, tree);
	return tree;
}

struct json_object *
json_new_object(struct arena *arena)
{
	return keep(arena, memory_need(json_object_new_object()));
}

struct json_object *
json_new_array(struct arena *arena)
{
	return keep(arena, memory_need(json_object_new_array()));
}

/* Counts the members of the tree. Sets *finite to false for a number such as 1e400. */
static size_t
count_members(struct json_object *value, bool *finite)
{
	size_t sum = 0;

	if (json_object_is_type(value, json_type_double) &&
	    !isfinite(json_object_get_double(value)))
		*finite = false;
	if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			sum += count_members(json_object_array_get_idx(value, i), finite);
	for (struct json_entry e = json_first(value); e.name != NULL; json_next(&e))
		sum += 1 + count_members(e.value, finite);
	return sum;
}

static struct json_tokener *
tokener_open(size_t length)
{
	static struct json_tokener *tokener;

	if (tokener != NULL && tokener->pb->size > TOKENER_KEPT) {
		json_tokener_free(tokener);
		tokener = NULL;
	}
	if (tokener == NULL)
		tokener = memory_need(json_tokener_new_ex(STRICT_LEVELS + 2));
	json_tokener_reset(tokener);
	/* Room for the longest possible string: growing would leave copies in the heap. */
	if ((size_t)tokener->pb->size <= length)
		memory_need(
		    printbuf_memset(tokener->pb, 0, '\0', (int)length + 1) < 0 ? NULL : tokener);
	return tokener;
}

/* Zeroes what a text of that length left in the tokener: its buffer and an unfinished tree. */
static void
tokener_zero(struct json_tokener *tokener, size_t length)
{
	for (int i = 0; i <= tokener->depth; i++)
		zero_strings(tokener->stack[i].current);
	zero(tokener->pb->buf, length);
	json_tokener_reset(tokener);
}

/* The offset of the next member's value in a text that strict_check() has accepted. */
static size_t
value_start(struct bytes text, size_t at)
{
	bool in_string = false;

	for (; at < text.length; at++) {
		if (text.data[at] == '\\')
			at++;
		else if (text.data[at] == '"')
			in_string = !in_string;
		else if (text.data[at] == ':' && !in_string)
			return at + 1;
	}
	return text.length;
}

/* Zeroes the value that a duplicate member is about to replace: json-c would only free it. */
static void
zero_replaced(struct json_tokener *tokener)
{
	struct json_tokener_srec *level = &tokener->stack[tokener->depth];

	if (level->obj_field_name != NULL)
		zero_strings(json_member(level->current, level->obj_field_name));
}

/* json-c has no error code for lack of memory, only errno. */
static struct json_object *
tokener_feed(struct json_tokener *tokener, const char *data, size_t length)
{
	struct json_object *value;

	errno = 0;
	value = json_tokener_parse_ex(tokener, data, (int)length);
	memory_need(errno == ENOMEM ? NULL : tokener);
	return value;
}

/*
 * Parses the text in one piece, or, if it may have duplicate members, in pieces that end at the
 * value of each member. A final NUL ends a number at the end of the text.
 */
static enum json_tokener_error
tokener_read(struct json_tokener *tokener, struct bytes text, struct strict *strict,
    struct json_object **out)
{
	const char *data = text.length == 0 ? "" : text.data;

	strict->at = 0;
	do {
		size_t end = strict->members > 1 && strict->rules == JSON_BODY
				 ? value_start(text, strict->at)
				 : text.length;

		*out = tokener_feed(tokener, data + strict->at, end - strict->at);
		strict->at += json_tokener_get_parse_end(tokener);
		zero_replaced(tokener);
	} while (
	    json_tokener_get_error(tokener) == json_tokener_continue && strict->at < text.length);
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		*out = tokener_feed(tokener, "", 1);
	return json_tokener_get_error(tokener);
}

static enum json_tokener_error
tree_make(struct arena *arena, struct bytes text, struct strict *strict, struct json_object **out)
{
	struct json_tokener *tokener = tokener_open(text.length);
	enum json_tokener_error error = tokener_read(tokener, text, strict, out);

	tokener_zero(tokener, text.length);
	keep(arena, *out);
	return error;
}

static const char *
tree_read(struct arena *arena, struct bytes text, struct strict *strict, struct json_object **out)
{
	enum json_tokener_error error = tree_make(arena, text, strict, out);
	bool finite = true, fewer;

	fewer = count_members(*out, &finite) < strict->members && strict->rules == JSON_STRICT;
	/*
	 * json-c 0.16 silently omits a member when it lacks memory, and a following number resets
	 * errno. Parse again: a duplicate member is missing from the second tree too.
	 */
	if (error == json_tokener_success && fewer) {
		error = tree_make(arena, text, strict, out);
		fewer = count_members(*out, &finite) < strict->members;
	}
	if (error != json_tokener_success)
		return json_tokener_error_desc(error);
	if (strict->at != text.length)
		return "unexpected character";
	if (!finite)
		return "number too large";
	return fewer ? "a member comes twice" : NULL;
}

bool
json_parse(struct arena *arena, struct bytes text, enum json_rules rules, struct json_object **out,
    const char **why)
{
	struct strict strict = {.rules = rules};

	*out = NULL;
	if (text.length > INT32_MAX / 4)
		strict.fault = "text too long";
	else if (strict_check(&strict, text))
		strict.fault = tree_read(
		    arena, strict.pairs ? strict_unescape_pairs(arena, text) : text, &strict, out);
	if (strict.fault == NULL)
		return true;
	*out = NULL;
	if (why != NULL)
		*why = arena_printf(arena, "%s at byte %zu", strict.fault, strict.at);
	return false;
}

static struct json_entry
entry_of(const struct lh_entry *entry)
{
	if (entry == NULL)
		return (struct json_entry){.name = NULL};
	return (struct json_entry){
	    lh_entry_k(entry), (struct json_object *)(uintptr_t)lh_entry_v(entry), entry->next};
}

struct json_entry
json_first(struct json_object *object)
{
	struct lh_table *table = json_object_get_object(object);

	return entry_of(table == NULL ? NULL : table->head);
}

void
json_next(struct json_entry *entry)
{
	*entry = entry_of(entry->next);
}
