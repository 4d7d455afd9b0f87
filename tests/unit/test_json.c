/* json/: what strict_check() refuses before json-c reads, what is written, and what is wiped. */
#include "helpers.h"

#include "base/utf8.h"
#include "json/json.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static const char *
written(struct json_object *value, bool ascii)
{
	struct buffer buffer = {.arena = arena};

	json_write(&buffer, value, ascii);
	return buffer.data;
}

static struct json_object *
parsed(const char *text)
{
	struct json_object *value;

	assert_true(json_parse(arena, bytes_of(text), JSON_STRICT, &value, NULL));
	return value;
}

static const char *
refusal(struct bytes text, enum json_rules rules)
{
	struct json_object *value = (struct json_object *)&value;
	const char *why = NULL;

	if (json_parse(arena, text, rules, &value, &why)) {
		assert_null(why);
		return "";
	}
	assert_null(value);
	assert_non_null(why);
	return why;
}

/* A text that both rules refuse, and the beginning of the reason; "" where json-c has the word. */
static const struct {
	const char *text, *why;
} refusals[] = {
    {"", ""},
    {" \n ", ""},
    {"{", ""},
    {"{\"a\":1,}", "unexpected character at byte 7"},
    {"{\"a\":1 , \n}", "unexpected character at byte 10"},
    {"{,}", ""},
    {"{'a':1}", "unexpected character at byte 1"},
    {"{\"a\" 1}", ""},
    {"{\"a\":", ""},
    {"{\"a\":1 \"b\":2}", ""},
    {"[1,]", "unexpected character at byte 3"},
    {"[1, ]", "unexpected character at byte 4"},
    {"[,]", "unexpected character at byte 2"},
    {"[1 2]", ""},
    {"[,1]", ""},
    {"[1}", ""},
    {"1 2", "unexpected character at byte 2"},
    {"{} {}", "unexpected character at byte 3"},
    {"{\"a\":1}}", "unexpected character at byte 7"},
    {"{\"a\":1,\"b\":2},", "unexpected character at byte 13"},
    {"truefalse", "unexpected character at byte 4"},
    {"// comment\n1", "unexpected character at byte 0"},
    {"/**/1", "unexpected character at byte 0"},
    {"nul", "unexpected character at byte 0"},
    {"nan", "unexpected character at byte 0"},
    {"NaN", "unexpected character at byte 0"},
    {"[Infinity]", "unexpected character at byte 1"},
    {"-Infinity", "not a number at byte 0"},
    {"True", "unexpected character at byte 0"},
    {"NULL", "unexpected character at byte 0"},
    {"\v1", "unexpected character at byte 0"},
    {"\xc2\xa0"
     "1",
	"unexpected character at byte 0"},
    {"\xef\xbb\xbf{}", "unexpected character at byte 0"},
    {"\"abc", "unfinished string at byte 4"},
    {"[\"a\\", "unfinished string"},
    {"\"a\tb\"", "control character in a string at byte 2"},
    {"\"a\x1f\"", "control character in a string"},
    {"\"\\x\"", "unknown escape at byte 1"},
    {"\"\\'\"", "unknown escape"},
    {"\"\\u12\"", "unknown escape"},
    {"\"\\u12g4\"", "unknown escape"},
    {"\"\\u 123\"", "unknown escape"},
    {"\"\\ud800\"", "lone surrogate"},
    {"\"\\udc00\\ud800\"", "lone surrogate"},
    {"\"\\ud800\\u0041\"", "lone surrogate"},
    {"\"\\ud800\\ud800\"", "lone surrogate"},
    {"\"\xff\"", "invalid UTF-8 at byte 1"},
    {"\"\xc0\x80\"", "invalid UTF-8"},
    {"\"\xe0\x9f\xbf\"", "invalid UTF-8"},
    {"\"\xed\xa0\x80\"", "invalid UTF-8"},
    {"\"\xf4\x90\x80\x80\"", "invalid UTF-8"},
    {"\"\xe2\x82", "invalid UTF-8"},
    {"{\"\\u0000\":1}", "NUL in a "},
    {"{\"a\\u0000b\" \n:1}", "NUL in a "},
    {"01", "not a number at byte 0"},
    {"-01", "not a number"},
    {"-", "not a number"},
    {"1.", "not a number"},
    {"1.e5", "not a number"},
    {"1e", "not a number"},
    {"1e+", "not a number"},
    {"+1", "unexpected character"},
    {".5", "unexpected character"},
    {"9223372036854775808", "integer too large at byte 0"},
    {"-9223372036854775809", "integer too large"},
    {"18446744073709551615", "integer too large"},
    {"10000000000000000000000", "integer too large"},
    {"1e400", "number too large"},
    {"[1,{\"a\":-1e999999999999}]", "number too large"},
};

static void
bad_texts_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct bytes text = bytes_of(refusals[i].text);

		for (enum json_rules rules = JSON_STRICT; rules <= JSON_BODY; rules++) {
			const char *why = refusal(text, rules);

			if (*why == '\0' ||
			    strncmp(why, refusals[i].why, strlen(refusals[i].why)) != 0)
				fail_msg("%s: \"%s\"", refusals[i].text, why);
		}
	}
	assert_string_equal(
	    refusal((struct bytes){"1\0", 2}, JSON_BODY), "unexpected character at byte 1");
	assert_string_equal(refusal((struct bytes){"\"\0\"", 3}, JSON_BODY),
	    "control character in a string at byte 1");
}

static void
only_bodies_may_repeat_a_member(void **state)
{
	static const char *const texts[] = {"{\"a\":1,\"b\":[],\"a\":\"x\"}",
	    "{\"a\":{\"d\":1,\"\\u0064\":2},\"b\":3}", "[{\"\":1,\"\":2}]"};
	struct json_object *value;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_memory_equal(
		    refusal(bytes_of(texts[i]), JSON_STRICT), "a member comes twice", 20);
		assert_string_equal(refusal(bytes_of(texts[i]), JSON_BODY), "");
	}
	assert_true(json_parse(arena, bytes_of(texts[0]), JSON_BODY, &value, NULL));
	assert_string_equal(written(value, true), "{\"a\":\"x\",\"b\":[]}");
}

static void
only_bodies_may_have_nul(void **state)
{
	struct bytes text = bytes_of("[\"a\\u0000b\"]"), string;
	struct json_object *value;

	(void)state;
	assert_string_equal(refusal(text, JSON_STRICT), "NUL in a string at byte 3");
	assert_true(json_parse(arena, text, JSON_BODY, &value, NULL));
	string = json_string(json_element(value, 0));
	assert_int_equal(string.length, 3);
	assert_memory_equal(string.data, "a\0b", 3);
	assert_true(json_parse(
	    arena, bytes_of("{\"a\":\"\\u0000\",\"b\":[1,{\"c\":2}]}"), JSON_BODY, &value, NULL));
}

static void
depth_is_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bytes inner = repeated("", "[", 32, "");
		const char *deepest =
		    arena_printf(arena, "%s%s", inner.data, repeated("", "]", 32, "").data);

		assert_string_equal(refusal(bytes_of(deepest), (enum json_rules)i), "");
		assert_string_equal(refusal(repeated("", "[", 100000, ""), (enum json_rules)i),
		    "nested too deeply at byte 32");
		assert_string_equal(refusal(repeated("", "{\"a\":", 33, "1"), (enum json_rules)i),
		    "nested too deeply at byte 160");
	}
	/* closing brackets make no room */
	assert_string_not_equal(refusal(repeated("]]]]", "[", 34, ""), JSON_STRICT), "");
}

static void
numbers_are_bounded(void **state)
{
	(void)state;
	assert_string_equal(refusal(repeated("1.", "0", 62, ""), JSON_STRICT), "");
	assert_string_equal(
	    refusal(repeated("1.", "0", 63, ""), JSON_STRICT), "number too long at byte 0");
}

/* What is read and written again; raw NULL: as in ASCII. */
static const struct {
	const char *text, *ascii, *raw;
} rewritings[] = {
    {" [ true , false , null ] ", "[true,false,null]", NULL},
    {"{}", "{}", NULL},
    {"[\r\n\t]", "[]", NULL},
    {"null", "null", NULL},
    {"7", "7", NULL},
    {"-0", "0", NULL},
    {"{\"b\":{\"x\":[]},\"a\":[{}]}", "{\"b\":{\"x\":[]},\"a\":[{}]}", NULL},
    {"[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]",
	NULL},
    {"[1.5,1.0,1e+16,5e-324,0.1]", "[1.5,1.0,1e+16,5e-324,0.1]", NULL},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001f\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\"", NULL},
    {"\"\x7f\"", "\"\\u007f\"", "\"\x7f\""},
    {"\"\xc3\xa9\"", "\"\\u00e9\"", "\"\xc3\xa9\""},
    {"{\"\\u20AC\":1}", "{\"\\u20ac\":1}", "{\"\xe2\x82\xac\":1}"},
    {"\"a\\ud83d\\ude00b\"", "\"a\\ud83d\\ude00b\"",
	"\"a\xf0\x9f\x98\x80"
	"b\""},
    {"\"\\\\ud876\\ud876\\udc00\"", "\"\\\\ud876\\ud876\\udc00\"", "\"\\\\ud876\xf0\xad\xa0\x80\""},
    {"\"\\udbb7\\udeff\"", "\"\\udbb7\\udeff\"", "\"\xf3\xbd\xbb\xbf\""},
    {"\"\\u2028\\u2029\"", "\"\\u2028\\u2029\"", NULL},
};

static void
values_are_written_as_python_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rewritings) / sizeof(rewritings[0]); i++) {
		struct json_object *value = parsed(rewritings[i].text);

		assert_string_equal(written(value, true), rewritings[i].ascii);
		assert_string_equal(written(value, false),
		    rewritings[i].raw ? rewritings[i].raw : rewritings[i].ascii);
	}
}

static void
bytes_that_are_not_utf8_are_replaced(void **state)
{
	struct json_object *array = json_new_array(arena);

	(void)state;
	json_put_text(array, NULL, "a\xff\xe2\x82");
	assert_string_equal(written(array, false), "[\"a\\ufffd\\ufffd\\ufffd\"]");
	assert_string_equal(written(array, true), "[\"a\\ufffd\\ufffd\\ufffd\"]");
}

static void
built_values_keep_their_order(void **state)
{
	struct json_object *object = json_new_object(arena), *array, *other;

	(void)state;
	json_put_text(object, "b", "x");
	json_put_integer(object, "a", INT64_MIN);
	json_put_bool(object, "c", true);
	json_put(object, "d", NULL);
	json_put_bytes(object, "b", (struct bytes){"xyz", 2});
	array = json_put_array(object, "e");
	json_put_bytes(array, NULL, (struct bytes){NULL, 0});
	json_put_object(array, NULL);
	assert_string_equal(written(object, true),
	    "{\"b\":\"xy\",\"a\":-9223372036854775808,\"c\":true,\"d\":null,\"e\":[\"\",{}]}");
	other = json_new_object(arena);
	for (struct json_entry e = json_first(object); e.name != NULL; json_next(&e))
		json_put(other, e.name, e.value);
	json_put_integer(other, "a", 1);
	assert_string_equal(
	    written(other, true), "{\"b\":\"xy\",\"a\":1,\"c\":true,\"d\":null,\"e\":[\"\",{}]}");
	assert_true(json_has(other, "d") && json_member(other, "d") == NULL);
}

static void
accessors_take_any_kind(void **state)
{
	struct json_object *all = parsed("{\"n\":null,\"t\":true,\"f\":false,\"i\":-5,\"d\":1.5,"
					 "\"s\":\"x\",\"a\":[1],\"o\":{\"s\":\"y\"}}");
	static const enum json_kind kinds[] = {JSON_NULL, JSON_BOOL, JSON_BOOL, JSON_INT,
	    JSON_FLOAT, JSON_STRING, JSON_ARRAY, JSON_OBJECT};
	static const char *const texts[] = {NULL, NULL, NULL, "-5", "1.5", "x", NULL, NULL};
	int64_t integer;
	double number;
	size_t i = 0;

	(void)state;
	for (struct json_entry e = json_first(all); e.name != NULL; json_next(&e), i++) {
		struct bytes text = json_text(arena, e.value);

		assert_int_equal(json_kind(e.value), kinds[i]);
		assert_true(texts[i] == NULL ? text.data == NULL : bytes_equal(text, texts[i]));
		assert_int_equal(json_string(e.value).data != NULL, kinds[i] == JSON_STRING);
		assert_int_equal(json_is(e.value, "x"), kinds[i] == JSON_STRING);
		assert_int_equal(json_is_true(e.value), *e.name == 't');
		assert_int_equal(json_integer(e.value, &integer), kinds[i] == JSON_INT);
		assert_int_equal(
		    json_number(e.value, &number), kinds[i] == JSON_INT || kinds[i] == JSON_FLOAT);
		assert_int_equal(json_count(e.value), *e.name == 'a' || *e.name == 'o');
		assert_int_equal(json_element(e.value, 0) != NULL, *e.name == 'a');
		assert_null(json_element(e.value, 1));
		assert_int_equal(json_has(e.value, "s"), *e.name == 'o');
		assert_int_equal(json_first(e.value).name != NULL, *e.name == 'o');
	}
	assert_int_equal(i, 8);
}

static void
utf8_is_rfc_3629(void **state)
{
	static const struct {
		const char *text;
		size_t valid;
	} rows[] = {{"", 0}, {"abc", 3}, {"a\xc3\xa9", 3}, {"\xed\x9f\xbf\xee\x80\x80", 6},
	    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8}, {"ab\x80", 2}, {"\xc1\xbf", 0},
	    {"\xe2\x82", 0}, {"\xe0\x9f\xbf", 0}, {"\xed\xa0\x80", 0}, {"\xf0\x8f\xbf\xbf", 0},
	    {"a\xf4\x90\x80\x80", 1}, {"\xf5\x80\x80\x80", 0}, {"\xc3\x28", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(utf8_valid(bytes_of(rows[i].text)), rows[i].valid);
}

#ifndef __has_feature
#define __has_feature(name) 0
#endif

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
#define SECRET "S3CR3T-S3CR3T-"

void *__libc_malloc(size_t);
void __libc_free(void *);

static bool watching;
static size_t freed, copies;

/* In place of the C library's: every block is searched before it is given back. */
void
free(void *block)
{
	if (watching && block != NULL) {
		freed++;
		copies += memmem(block, malloc_usable_size(block), SECRET, strlen(SECRET)) != NULL;
	}
	__libc_free(block);
}

void *
realloc(void *block, size_t size)
{
	size_t before = block == NULL ? 0 : malloc_usable_size(block);
	void *moved = __libc_malloc(size);

	if (moved != NULL && block != NULL)
		memcpy(moved, block, before < size ? before : size);
	free(block);
	return moved;
}

static void
nothing_freed_has_a_secret(void **state)
{
	struct json_object *value;
	const char *why;

	(void)state;
	watching = true;
	for (size_t length = 1; length < 100000; length = length * 3 + 1) {
		const char *secret = repeated("", SECRET, length, "").data;
		const char *texts[] = {"{\"a\":\"%s\",\"b\":[{\"c\":\"\\u00e9%s\\n\"}]}",
		    "[{\"a\":\"%s\"},{\"b\":\"%s\\\"\"},", "{\"a\":[\"%s\"],\"b\":\"%s\" 1}",
		    "{\"a\":\"%s\",\"b\":{\"\\u0061\":1,\"a\":\"%s\"}}",
		    "{\"\\\":\":1,\"a\":\"%s\",\"\\u0061\" : {\"b\":[\"%s\"]},\"a\":2}"};

		for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			const char *text = arena_printf(arena, texts[i], secret, secret);
#pragma GCC diagnostic pop

			if (json_parse(arena, bytes_of(text), JSON_BODY, &value, &why)) {
				written(value, true);
				written(value, false);
			}
		}
		value = json_new_object(arena);
		json_put_text(value, "access", secret);
		json_put_text(json_put_array(value, "more"), NULL, secret);
		written(value, false);
		arena_reset(arena);
	}
	watching = false;
	assert_int_equal(copies, 0);
	if (freed == 0) /* not skip(): cmocka 1.1.5 writes "not ok" for it */
		print_message("# not searched: valgrind has an allocator of its own\n");
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(bad_texts_are_refused, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(
		only_bodies_may_repeat_a_member, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(only_bodies_may_have_nul, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(depth_is_bounded, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(numbers_are_bounded, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(
		values_are_written_as_python_does, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(
		bytes_that_are_not_utf8_are_replaced, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(
		built_values_keep_their_order, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(accessors_take_any_kind, arena_setup, arena_teardown),
#ifdef SECRET
	    cmocka_unit_test_setup_teardown(
		nothing_freed_has_a_secret, arena_setup, arena_teardown),
#endif
	    cmocka_unit_test(utf8_is_rfc_3629),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
