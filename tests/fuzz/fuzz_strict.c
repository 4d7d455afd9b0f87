/*
 * Any bytes through strict_check() and json-c under both rules; what was read is written in both
 * forms, and what was written must read back as the same value.
 */
#include "fuzz.h"

#include "base/utf8.h"
#include "json/json.h"

#include <string.h>

static struct bytes
written(struct arena *arena, struct json_object *value, bool ascii)
{
	struct buffer buffer = {.arena = arena};

	json_write(&buffer, value, ascii);
	return buffer_bytes(&buffer);
}

static void
check_written(struct arena *arena, struct json_object *value, enum json_rules rules, bool ascii)
{
	struct bytes text = written(arena, value, ascii);
	struct json_object *again;

	require(utf8_valid(text) == text.length);
	for (size_t i = 0; ascii && i < text.length; i++)
		require(text.data[i] >= ' ' && text.data[i] <= '~');
	require(json_parse(arena, text, rules, &again, NULL));
	require(bytes_same(written(arena, again, true), written(arena, value, true)));
}

/* What the reader promises of every value. */
static void
check_value(struct arena *arena, struct json_object *value)
{
	struct bytes string = json_string(value);
	int64_t integer;
	double number;

	require(utf8_valid(string) == string.length);
	require(
	    !json_integer(value, &integer) ||
	    bytes_equal(json_text(arena, value), arena_printf(arena, "%lld", (long long)integer)));
	require(!json_number(value, &number) || (number - number >= 0 && number - number <= 0));
	for (size_t i = 0; i < json_count(value); i++)
		check_value(arena, json_element(value, i));
	for (struct json_entry e = json_first(value); e.name != NULL; json_next(&e)) {
		require(json_has(value, e.name) && json_member(value, e.name) == e.value);
		check_value(arena, e.value);
	}
}

static bool
reads(struct arena *arena, struct bytes text, enum json_rules rules)
{
	struct json_object *value;
	const char *why = NULL;

	if (!json_parse(arena, text, rules, &value, &why)) {
		require(why != NULL && value == NULL);
		return false;
	}
	require(why == NULL);
	check_value(arena, value);
	check_written(arena, value, rules, true);
	check_written(arena, value, rules, false);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct json_object *array = json_new_array(arena);
	struct bytes text = {(const char *)data, size};

	require(!reads(arena, text, JSON_STRICT) || reads(arena, text, JSON_BODY));
	reads(arena, text, JSON_BODY);
	json_put_bytes(array, NULL, text);
	check_written(arena, array, JSON_BODY, true);
	check_written(arena, array, JSON_BODY, false);
	return 0;
}
