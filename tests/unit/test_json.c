#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json/json.h"

#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static int
arena_setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int
arena_teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct bytes
repeated(const char *before, const char *unit, size_t count, const char *after)
{
	struct buffer buffer = {.arena = arena};

	buffer_puts(&buffer, before);
	while (count-- > 0)
		buffer_puts(&buffer, unit);
	buffer_puts(&buffer, after);
	return buffer_bytes(&buffer);
}

static const char *
written(const struct json *json, bool ascii)
{
	struct buffer buffer = {.arena = arena};

	json_write(&buffer, json, ascii);
	return buffer.data;
}

struct refusal {
	const char *text, *message;
};

/* Recorded from CPython 3.11 with DRF's parse_constant. */
static const struct refusal refusals[] = {
    {"", "Expecting value: line 1 column 1 (char 0)"},
    {" \n ", "Expecting value: line 2 column 2 (char 3)"},
    {"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"},
    {"{\"a\":1,}", "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)"},
    {"{'a':1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"},
    {"{\"a\" 1}", "Expecting ':' delimiter: line 1 column 6 (char 5)"},
    {"{\"a\"", "Expecting ':' delimiter: line 1 column 5 (char 4)"},
    {"{\"a\":", "Expecting value: line 1 column 6 (char 5)"},
    {"{\"a\":1", "Expecting ',' delimiter: line 1 column 7 (char 6)"},
    {"{\"a\":1 \"b\":2}", "Expecting ',' delimiter: line 1 column 8 (char 7)"},
    {"{\n\"\xc3\xa9\xf0\x9f\x98\x80\": }", "Expecting value: line 2 column 7 (char 8)"},
    {"[", "Expecting value: line 1 column 2 (char 1)"},
    {"[1,]", "Expecting value: line 1 column 4 (char 3)"},
    {"[1", "Expecting ',' delimiter: line 1 column 3 (char 2)"},
    {"[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"},
    {"[1,\r2,\n\n3x]", "Expecting ',' delimiter: line 3 column 2 (char 9)"},
    {"\"abc", "Unterminated string starting at: line 1 column 1 (char 0)"},
    {"[\"a\\", "Unterminated string starting at: line 1 column 2 (char 1)"},
    {"\"a\tb\"", "Invalid control character at: line 1 column 3 (char 2)"},
    {"\"a\nb\"", "Invalid control character at: line 1 column 3 (char 2)"},
    {"\"\\x\"", "Invalid \\escape: line 1 column 2 (char 1)"},
    {"\"\xc3\xa9\\\xc3\xa9\"", "Invalid \\escape: line 1 column 3 (char 2)"},
    {"\"\\u12\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)"},
    {"\"\\u1234", "Invalid \\uXXXX escape: line 1 column 3 (char 2)"},
    {"\"\\ud800\\u12\"", "Invalid \\uXXXX escape: line 1 column 9 (char 8)"},
    {"\"\\ud800\\udc00", "Invalid \\uXXXX escape: line 1 column 9 (char 8)"},
    {"1 2", "Extra data: line 1 column 3 (char 2)"},
    {"{}\n{}", "Extra data: line 2 column 1 (char 3)"},
    {"01", "Extra data: line 1 column 2 (char 1)"},
    {"1.", "Extra data: line 1 column 2 (char 1)"},
    {"1e+", "Extra data: line 1 column 2 (char 1)"},
    {"-", "Expecting value: line 1 column 1 (char 0)"},
    {"+1", "Expecting value: line 1 column 1 (char 0)"},
    {"nul", "Expecting value: line 1 column 1 (char 0)"},
    {"\xef\xbb\xbf{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"},
    {"NaN", "Out of range float values are not JSON compliant: 'NaN'"},
    {"[Infinity", "Out of range float values are not JSON compliant: 'Infinity'"},
    {"{\"a\":-Infinity}", "Out of range float values are not JSON compliant: '-Infinity'"},
};

static void
refusals_have_pythons_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct bytes text = bytes_of(refusals[i].text);
		const char *message = NULL;

		assert_null(json_parse(arena, text, JSON_PYTHON, &message));
		assert_string_equal(message, refusals[i].message);
		assert_null(json_parse(arena, text, JSON_STRICT, NULL));
	}
}

struct rewriting {
	const char *text, *ascii, *raw; /* raw NULL: as ascii */
};

static const struct rewriting rewritings[] = {
    {" [ true , false , null ] ", "[true,false,null]", NULL},
    {"{}", "{}", NULL},
    {"[\n]", "[]", NULL},
    {"{\"b\":{\"x\":[]},\"a\":[{}]}", "{\"b\":{\"x\":[]},\"a\":[{}]}", NULL},
    {"{\"a\":1,\"b\":2,\"\\u0061\":3}", "{\"a\":3,\"b\":2}", NULL},
    {"{\"\":1,\"\":{\"\":2,\"\":3}}", "{\"\":{\"\":3}}", NULL},
    {"[-0, 0, 123456789012345678901234567890]", "[0,0,123456789012345678901234567890]", NULL},
    {"[1.0, 1e2, 1E16, 1e15, 0.0001, 1e-5]", "[1.0,100.0,1e+16,1000000000000000.0,0.0001,1e-05]",
	NULL},
    {"[-0.0, 1e400, -1e400, 1e-400]", "[-0.0,Infinity,-Infinity,0.0]", NULL},
    {"[0.1, 0.30000000000000004, 5e-324]", "[0.1,0.30000000000000004,5e-324]", NULL},
    {"[1.7976931348623157e308, 9007199254740993.0]", "[1.7976931348623157e+308,9007199254740992.0]",
	NULL},
    {"5.684341886080801486968994140625e-14", "5.684341886080802e-14", NULL},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\"",
	NULL},
    {"\"\x7f\"", "\"\\u007f\"", "\"\x7f\""},
    {"\"\xc3\xa9\"", "\"\\u00e9\"", "\"\xc3\xa9\""},
    {"\"\\u20AC\"", "\"\\u20ac\"", "\"\xe2\x82\xac\""},
    {"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
    {"\"\\u2028\\u2029\"", "\"\\u2028\\u2029\"", NULL},
    {"\"\\ud800\"", "\"\\ud800\"", NULL},
    {"\"\\ud800\\ud800\\udc00\\udc00\"", "\"\\ud800\\ud800\\udc00\\udc00\"",
	"\"\\ud800\xf0\x90\x80\x80\\udc00\""},
};

static void
values_are_written_as_python_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rewritings) / sizeof(rewritings[0]); i++) {
		const struct rewriting *row = &rewritings[i];
		const struct json *json = json_parse(arena, bytes_of(row->text), JSON_PYTHON, NULL);

		assert_non_null(json);
		assert_string_equal(written(json, true), row->ascii);
		assert_string_equal(written(json, false), row->raw ? row->raw : row->ascii);
	}
}

static void
bytes_that_are_not_utf8_are_replaced(void **state)
{
	struct buffer buffer = {.arena = arena};

	(void)state;
	json_write_string(&buffer, bytes_of("a\xff\xc0\x80\xe2\x82"), false);
	assert_string_equal(buffer.data, "\"a\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

struct text {
	const char *json, *text;
};

static const struct text texts[] = {
    {"-0", "0"},
    {"12", "12"},
    {"-12345678901234567890", "-12345678901234567890"},
    {"1e2", "100.0"},
    {"-0e0", "-0.0"},
    {"1e400", "inf"},
    {"-1e400", "-inf"},
    {"123456789012345680.0", "1.2345678901234568e+17"},
    {"\"a\\u00e9\"", "a\xc3\xa9"},
    {"\"\"", ""},
    {"null", ""},
};

static void
text_is_pythons_str(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct json *json =
		    json_parse(arena, bytes_of(texts[i].json), JSON_PYTHON, NULL);

		assert_non_null(json);
		assert_true(bytes_equal(json_text(arena, json), texts[i].text));
	}
}

static void
plain_strings_are_views(void **state)
{
	struct bytes text = bytes_of("{\"name\":\"value\"}");
	const struct json *member = json_member(json_parse(arena, text, JSON_STRICT, NULL), "name");

	(void)state;
	assert_non_null(member);
	assert_ptr_equal(member->name.data, text.data + 2);
	assert_ptr_equal(member->text.data, text.data + 9);
}

static void
surrogates_and_nul_are_kept(void **state)
{
	const struct json *json =
	    json_parse(arena, bytes_of("\"a\\u0000\\udfff\\ud800b\""), JSON_PYTHON, NULL);

	(void)state;
	assert_non_null(json);
	assert_int_equal(json->text.length, 9);
	assert_memory_equal(json->text.data,
	    "a\0\xed\xbf\xbf\xed\xa0\x80"
	    "b",
	    9);
}

static const char *const strict_refusals[] = {
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"b\":2,\"c\":{\"d\":1,\"\\u0064\":2}}",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "[1e400]",
    "[-1e999999999999999999999]",
    "\"\xff\"",
    "\"\xed\xa0\x80\"",
    "\"\xe2\x82",
};

static void
strict_refuses_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strict_refusals) / sizeof(strict_refusals[0]); i++) {
		const char *message = NULL;

		assert_null(json_parse(arena, bytes_of(strict_refusals[i]), JSON_STRICT, &message));
		assert_non_null(message);
	}
	assert_non_null(
	    json_parse(arena, bytes_of("[1e308,\"\\ud83d\\ude00\"]"), JSON_STRICT, NULL));
}

static void
python_keeps_the_last_of_duplicates(void **state)
{
	const char *text = "{\"a\":1,\"b\":[],\"a\":2,\"a\":\"x\"}";
	const struct json *json = json_parse(arena, bytes_of(text), JSON_PYTHON, NULL);

	(void)state;
	assert_non_null(json);
	assert_true(bytes_equal(json_member(json, "a")->text, "x"));
	assert_int_equal(json_member(json, "b")->type, JSON_ARRAY);
	assert_null(json_member(json, "c"));
	assert_null(json_member(json_member(json, "b"), "a"));
	assert_null(json_member(NULL, "a"));
}

struct nesting {
	const char *open, *inner;
	enum json_rules rules;
	size_t deepest;
};

static const struct nesting nestings[] = {
    {"[", "", JSON_PYTHON, 960},
    {"{\"a\":", "1", JSON_PYTHON, 960},
    {"[", "", JSON_STRICT, 32},
    {"{\"a\":", "1", JSON_STRICT, 32},
};

static struct bytes
nested(const struct nesting *row, size_t levels)
{
	struct bytes open = repeated("", row->open, levels, row->inner);

	return repeated(open.data, row->open[0] == '[' ? "]" : "}", levels, "");
}

static void
nesting_has_a_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(nestings) / sizeof(nestings[0]); i++) {
		const struct nesting *row = &nestings[i];
		const char *message = NULL;
		struct json *json =
		    json_parse(arena, nested(row, row->deepest), row->rules, &message);

		assert_non_null(json);
		assert_non_null(written(json, true));
		assert_null(json_parse(arena, nested(row, row->deepest + 1), row->rules, &message));
		assert_non_null(strstr(message, "Nested too deeply"));
	}
	assert_null(json_parse(arena, repeated("", "[", 200000, ""), JSON_PYTHON, NULL));
}

static void
integers_have_4300_digits_at_the_most(void **state)
{
	const char *message = NULL;

	(void)state;
	assert_non_null(json_parse(arena, repeated("-", "9", 4300, ""), JSON_PYTHON, NULL));
	assert_null(json_parse(arena, repeated("-", "9", 4301, ""), JSON_PYTHON, &message));
	assert_string_equal(message,
	    "Exceeds the limit (4300 digits) for integer string conversion: value has 4301 digits; "
	    "use sys.set_int_max_str_digits() to increase the limit");
	assert_non_null(json_parse(arena, repeated("", "9", 5000, "e0"), JSON_PYTHON, NULL));
}

struct integer {
	const char *text;
	bool fits;
	int64_t value;
};

static const struct integer integers[] = {
    {"0", true, 0},
    {"1700000000", true, 1700000000},
    {"-1", true, -1},
    {"9223372036854775807", true, INT64_MAX},
    {"-9223372036854775808", true, INT64_MIN},
    {"9223372036854775808", false, 0},
    {"-9223372036854775809", false, 0},
    {"99999999999999999999999", false, 0},
    {"-0", false, 0},
    {"1.0", false, 0},
    {"1e3", false, 0},
    {"true", false, 0},
    {"\"1\"", false, 0},
};

static void
integer_is_canonical_and_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		const struct json *json =
		    json_parse(arena, bytes_of(integers[i].text), JSON_STRICT, NULL);
		int64_t value = 0;

		assert_non_null(json);
		assert_int_equal(json_integer(json, &value), integers[i].fits);
		assert_true(value == integers[i].value);
	}
	assert_false(json_integer(NULL, NULL));
}

struct encoding {
	const char *text;
	size_t valid;
	bool stream;         /* whether it is right as the start of a stream */
	const char *message; /* NULL: right anyway */
};

static const struct encoding encodings[] = {
    {"", 0, true, NULL},
    {"plain ascii, longer than eight", 30, true, NULL},
    {"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 21,
	true, NULL},
    {"{\"username\":\"\xff", 13, false,
	"'utf-8' codec can't decode byte 0xff in position 13: invalid start byte"},
    {"\x80", 0, false, "'utf-8' codec can't decode byte 0x80 in position 0: invalid start byte"},
    {"a\xc0\x80", 1, false,
	"'utf-8' codec can't decode byte 0xc0 in position 1: invalid start byte"},
    {"\xf5\x80\x80\x80", 0, false,
	"'utf-8' codec can't decode byte 0xf5 in position 0: invalid start byte"},
    {"\xc3(", 0, false,
	"'utf-8' codec can't decode byte 0xc3 in position 0: invalid continuation byte"},
    {"\xe0\x80\x80", 0, false,
	"'utf-8' codec can't decode byte 0xe0 in position 0: invalid continuation byte"},
    {"\xed\xa0\x80", 0, false,
	"'utf-8' codec can't decode byte 0xed in position 0: invalid continuation byte"},
    {"\xe2\x82(", 0, false,
	"'utf-8' codec can't decode bytes in position 0-1: invalid continuation byte"},
    {"\xf0\x9f\x98(", 0, false,
	"'utf-8' codec can't decode bytes in position 0-2: invalid continuation byte"},
    {"\xf4\x90\x80\x80", 0, false,
	"'utf-8' codec can't decode byte 0xf4 in position 0: invalid continuation byte"},
    {"abc\xe2", 3, true,
	"'utf-8' codec can't decode byte 0xe2 in position 3: unexpected end of data"},
    {"abc\xe2\x82", 3, true,
	"'utf-8' codec can't decode bytes in position 3-4: unexpected end of data"},
    {"\xf0\x9f\x98", 0, true,
	"'utf-8' codec can't decode bytes in position 0-2: unexpected end of data"},
    {"a\xed\xa0", 1, true,
	"'utf-8' codec can't decode byte 0xed in position 1: invalid continuation byte"},
};

static void
utf8_has_pythons_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		const struct encoding *row = &encodings[i];
		struct bytes text = bytes_of(row->text);
		const char *message = NULL;
		size_t valid = 99;

		assert_int_equal(
		    utf8_check(arena, text, false, &valid, &message), row->message == NULL);
		assert_int_equal(valid, row->valid);
		if (row->message != NULL)
			assert_string_equal(message, row->message);
		assert_int_equal(utf8_check(arena, text, true, &valid, NULL), row->stream);
		assert_int_equal(valid, row->valid);
	}
}

static void
no_bytes_at_all_are_fine(void **state)
{
	struct bytes none = {NULL, 0};
	struct buffer buffer = {.arena = arena};

	(void)state;
	assert_true(utf8_check(arena, none, false, NULL, NULL));
	assert_null(json_parse(arena, none, JSON_PYTHON, NULL));
	assert_null(json_parse(arena, none, JSON_STRICT, NULL));
	json_write_string(&buffer, none, true);
	assert_string_equal(buffer.data, "\"\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refusals_have_pythons_message),
	    cmocka_unit_test(values_are_written_as_python_does),
	    cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
	    cmocka_unit_test(text_is_pythons_str),
	    cmocka_unit_test(plain_strings_are_views),
	    cmocka_unit_test(surrogates_and_nul_are_kept),
	    cmocka_unit_test(strict_refuses_more),
	    cmocka_unit_test(python_keeps_the_last_of_duplicates),
	    cmocka_unit_test(nesting_has_a_limit),
	    cmocka_unit_test(integers_have_4300_digits_at_the_most),
	    cmocka_unit_test(integer_is_canonical_and_fits),
	    cmocka_unit_test(utf8_has_pythons_message),
	    cmocka_unit_test(no_bytes_at_all_are_fine),
	};

	if (getenv("CMOCKA_MESSAGE_OUTPUT") == NULL)
		cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
