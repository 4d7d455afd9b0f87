#include "json/json_scan.h"

#include <stdlib.h>
#include <string.h>

enum {
	LEVELS_PYTHON = 960,
	LEVELS_STRICT = 32,
};

static bool value_read(struct scan *, struct json *out);

/* The three words that Python's reader takes for a float; DRF refuses them, without a position. */
static bool
constant_refuse(struct scan *scan)
{
	static const char *const words[] = {"NaN", "Infinity", "-Infinity"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!scan_word(scan, words[i]))
			continue;
		scan->message = arena_printf(scan->arena,
		    "Out of range float values are not JSON compliant: '%s'", words[i]);
		return true;
	}
	return false;
}

static bool
array_read(struct scan *scan, struct json *out)
{
	struct json **place = &out->first;

	scan->at++;
	scan_space(scan);
	if (scan_byte(scan, ']'))
		return true;
	for (;;) {
		*place = arena_alloc(scan->arena, sizeof(**place));
		if (!value_read(scan, *place))
			return false;
		place = &(*place)->next;
		scan_space(scan);
		if (scan_byte(scan, ']'))
			return true;
		if (!scan_byte(scan, ','))
			return scan_fail(scan, "Expecting ',' delimiter", scan->at);
		scan_space(scan);
	}
}

enum {
	SMALL = 12, /* members */
};

struct slot {
	struct json *member;
	size_t order;
};

static int
slot_compare(const void *left, const void *right)
{
	const struct slot *a = left, *b = right;
	struct bytes one = a->member->name, other = b->member->name;
	int difference;

	if (one.length != other.length)
		return one.length < other.length ? -1 : 1;
	difference = memcmp(one.data, other.data, one.length);
	if (difference != 0)
		return difference;
	return a->order < b->order ? -1 : 1;
}

/* Sorted, so that an object with many members from a stranger does not cost the square of them. */
static struct slot *
members_sort(struct arena *arena, const struct json *object, size_t count)
{
	struct slot *slots = arena_alloc(arena, count * sizeof(*slots));
	size_t i = 0;

	for (struct json *member = object->first; member != NULL; member = member->next, i++)
		slots[i] = (struct slot){member, i};
	qsort(slots, count, sizeof(*slots), slot_compare);
	return slots;
}

/* A dict's assignment: the value is the later one's, the place and the name stay. */
static void
value_replace(struct json *member, const struct json *later)
{
	struct json value = *later;

	value.name = member->name;
	value.next = member->next;
	*member = value;
}

static void
members_drop_unnamed(struct json *object)
{
	struct json **place = &object->first;

	while (*place != NULL) {
		if ((*place)->name.data == NULL)
			*place = (*place)->next;
		else
			place = &(*place)->next;
	}
}

/* Whether a small object repeats no name; quicker than to sort what hardly ever does. */
static bool
is_small_and_unique(const struct json *object, size_t count)
{
	if (count > SMALL)
		return false;
	for (const struct json *one = object->first; one != NULL; one = one->next)
		for (const struct json *other = one->next; other != NULL; other = other->next)
			if (one->name.length == other->name.length &&
			    memcmp(one->name.data, other->name.data, one->name.length) == 0)
				return false;
	return true;
}

/* Makes the members what a dict would hold; for JSON_STRICT a name may not come twice. */
static bool
members_settle(struct scan *scan, struct json *object, size_t count)
{
	bool repeated = false;
	struct slot *slots;
	struct json *kept;

	if (is_small_and_unique(object, count))
		return true;
	slots = members_sort(scan->arena, object, count);
	kept = slots[0].member;
	for (size_t i = 1; i < count; i++) {
		struct json *later = slots[i].member;

		if (!bytes_same(kept->name, later->name)) {
			kept = later;
			continue;
		}
		if (scan->rules == JSON_STRICT)
			return scan_fail(scan, "Duplicate member", scan->at);
		value_replace(kept, later);
		later->name.data = NULL;
		repeated = true;
	}
	if (repeated)
		members_drop_unnamed(object);
	return true;
}

static bool
member_read(struct scan *scan, struct json *out)
{
	if (!scan_sees(scan, '"'))
		return scan_fail(
		    scan, "Expecting property name enclosed in double quotes", scan->at);
	if (!scan_string(scan, &out->name))
		return false;
	scan_space(scan);
	if (!scan_byte(scan, ':'))
		return scan_fail(scan, "Expecting ':' delimiter", scan->at);
	scan_space(scan);
	return value_read(scan, out);
}

static bool
object_read(struct scan *scan, struct json *out)
{
	struct json **place = &out->first;
	size_t count = 0;

	scan->at++;
	scan_space(scan);
	if (scan_byte(scan, '}'))
		return true;
	for (;;) {
		*place = arena_alloc(scan->arena, sizeof(**place));
		if (!member_read(scan, *place))
			return false;
		place = &(*place)->next;
		count++;
		scan_space(scan);
		if (scan_byte(scan, '}'))
			return members_settle(scan, out, count);
		if (!scan_byte(scan, ','))
			return scan_fail(scan, "Expecting ',' delimiter", scan->at);
		scan_space(scan);
	}
}

static bool
nested_read(struct scan *scan, struct json *out)
{
	int levels = scan->rules == JSON_STRICT ? LEVELS_STRICT : LEVELS_PYTHON;
	bool done;

	if (scan->depth == levels)
		return scan_fail(scan, "Nested too deeply", scan->at);
	scan->depth++;
	out->type = *scan->at == '{' ? JSON_OBJECT : JSON_ARRAY;
	done = out->type == JSON_OBJECT ? object_read(scan, out) : array_read(scan, out);
	scan->depth--;
	return done;
}

static bool
value_read(struct scan *scan, struct json *out)
{
	if (scan_sees(scan, '"')) {
		out->type = JSON_STRING;
		return scan_string(scan, &out->text);
	}
	if (scan_sees(scan, '{') || scan_sees(scan, '['))
		return nested_read(scan, out);
	if (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		return scan_number(scan, out);
	if (scan_word(scan, "null")) {
		out->type = JSON_NULL;
		return true;
	}
	out->boolean = scan_sees(scan, 't');
	if (scan_word(scan, "true") || scan_word(scan, "false")) {
		out->type = JSON_BOOL;
		return true;
	}
	if (constant_refuse(scan))
		return false;
	return scan_number(scan, out);
}

static bool
text_read(struct scan *scan, struct json *out)
{
	if (scan->end - scan->at >= 3 && memcmp(scan->at, "\xef\xbb\xbf", 3) == 0)
		return scan_fail(scan, "Unexpected UTF-8 BOM (decode using utf-8-sig)", scan->at);
	scan_space(scan);
	if (!value_read(scan, out))
		return false;
	scan_space(scan);
	if (scan->at != scan->end)
		return scan_fail(scan, "Extra data", scan->at);
	return true;
}

struct json *
json_parse(struct arena *arena, struct bytes text, enum json_rules rules, const char **message)
{
	struct json *result = arena_alloc(arena, sizeof(*result));
	struct scan scan = {.arena = arena, .rules = rules};

	scan.start = text.length > 0 ? text.data : "";
	scan.at = scan.start;
	scan.end = scan.start + text.length;
	if (rules == JSON_STRICT && !utf8_check(arena, text, false, NULL, &scan.message))
		result = NULL;
	else if (!text_read(&scan, result))
		result = NULL;
	if (result == NULL && message != NULL)
		*message = scan.message;
	return result;
}

struct json *
json_member(const struct json *object, const char *name)
{
	struct bytes wanted = bytes_of(name);
	struct json *found = NULL;

	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (struct json *member = object->first; member != NULL; member = member->next) {
		if (member->name.length == wanted.length &&
		    memcmp(member->name.data, wanted.data, wanted.length) == 0)
			found = member;
	}
	return found;
}

bool
json_integer(const struct json *json, int64_t *out)
{
	int64_t value = 0;
	bool negative;

	if (json == NULL || json->type != JSON_INT || json->text.length == 0)
		return false;
	if (bytes_equal(json->text, "-0"))
		return false;
	negative = json->text.data[0] == '-';
	for (size_t i = negative; i < json->text.length; i++) {
		int digit = json->text.data[i] - '0';

		/* downwards, because INT64_MIN has no positive counterpart */
		if (__builtin_mul_overflow(value, 10, &value))
			return false;
		if (__builtin_sub_overflow(value, digit, &value))
			return false;
	}
	if (!negative && value == INT64_MIN)
		return false;
	*out = negative ? value : -value;
	return true;
}
