/*
 * Any bytes through utf8_check() and both rules of json_parse(); what was read is written in both
 * forms, and what was written must read back as the same value.
 */
#include "fuzz.h"

#include "json/json.h"

#include <string.h>

static bool
same_value(struct arena *arena, const struct json *a, const struct json *b)
{
	const struct json *one = a->first, *other = b->first;

	if (a->type != b->type || a->boolean != b->boolean || !bytes_same(a->name, b->name))
		return false;
	if (!bytes_same(json_text(arena, a), json_text(arena, b)))
		return false;
	while (one != NULL && other != NULL && same_value(arena, one, other)) {
		one = one->next;
		other = other->next;
	}
	return one == NULL && other == NULL;
}

/* Such a float is written as Infinity, which is not JSON. */
static bool
has_infinity(struct arena *arena, const struct json *json)
{
	struct bytes text = {NULL, 0};

	if (json->type == JSON_FLOAT)
		text = json_text(arena, json);
	if (bytes_equal(text, "inf") || bytes_equal(text, "-inf"))
		return true;
	for (const struct json *one = json->first; one != NULL; one = one->next) {
		if (has_infinity(arena, one))
			return true;
	}
	return false;
}

static void
check_written(struct arena *arena, const struct json *json, enum json_rules rules, bool ascii)
{
	struct buffer buffer = {.arena = arena};
	const struct json *again;

	json_write(&buffer, json, ascii);
	require(utf8_check(arena, buffer_bytes(&buffer), false, NULL, NULL));
	for (size_t i = 0; ascii && i < buffer.length; i++)
		require((unsigned char)buffer.data[i] < 0x7f);
	if (has_infinity(arena, json))
		return;
	again = json_parse(arena, buffer_bytes(&buffer), rules, NULL);
	require(again != NULL);
	require(same_value(arena, json, again));
}

static void
check_integer(struct arena *arena, const struct json *json)
{
	int64_t number;

	if (json_integer(json, &number))
		require(bytes_equal(json->text, arena_printf(arena, "%lld", (long long)number)));
}

static void
check_rules(struct arena *arena, struct bytes text, enum json_rules rules)
{
	const char *message = NULL;
	const struct json *json = json_parse(arena, text, rules, &message);

	require((json == NULL) == (message != NULL));
	if (json == NULL)
		return;
	check_integer(arena, json);
	for (const struct json *one = json->first; one != NULL; one = one->next)
		check_integer(arena, one);
	require(json_member(json, "a") == NULL || json->type == JSON_OBJECT);
	check_written(arena, json, rules, true);
	check_written(arena, json, rules, false);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes text = {(const char *)data, size};
	struct buffer buffer = {.arena = arena};
	const char *message = NULL;
	size_t valid = size + 1;
	bool whole = utf8_check(arena, text, false, &valid, &message);

	require(whole == (message == NULL) && valid <= size && (!whole || valid == size));
	require(!whole || utf8_check(arena, text, true, NULL, NULL));
	json_write_string(&buffer, text, true);
	json_write_string(&buffer, text, false);
	require(utf8_check(arena, buffer_bytes(&buffer), false, NULL, NULL));
	check_rules(arena, text, JSON_STRICT);
	text.length = valid;
	check_rules(arena, text, JSON_PYTHON);
	return 0;
}
