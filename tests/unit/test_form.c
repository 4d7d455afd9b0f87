#include "helpers.h"

#include "base/buffer.h"
#include "http/form.h"

#include <string.h>
#include <time.h>

#define FFFD "\xef\xbf\xbd"

/* "name=value|" for each text, "name:file|" for each file. */
static const char *
shown(const struct form_field *fields)
{
	struct buffer out = {.arena = arena};

	buffer_puts(&out, "");
	for (; fields != NULL; fields = fields->next) {
		buffer_put(&out, fields->name.data, fields->name.length);
		buffer_puts(&out, fields->file ? ":file" : "=");
		buffer_put(&out, fields->value.data, fields->value.length);
		buffer_puts(&out, "|");
	}
	return out.data;
}

static const struct {
	bool latin1;
	const char *body, *expected;
} urlencoded[] = {
    {false, "", ""},
    {false, "username=alice&password=a+b", "username=alice|password=a b|"},
    {false, "a=1&a=2", "a=1|a=2|"},
    {false, "a=1;b=2", "a=1;b=2|"},
    {false, "&&a&&=&=x&", "a=|=|=x|"},
    {false, "a=b=c%3Dd", "a=b=c=d|"},
    {false, "a+%2B=%20+", "a +=  |"},
    {false, "a=%zz%&b=%4&c=%%41", "a=%zz%|b=%4|c=%A|"},
    {false, "%61=%c3%A9", "a=\xc3\xa9|"},
    {false, "a=%C3\xa9", "a=\xc3\xa9|"},
    {false, "a=%FF", "a=" FFFD "|"},
    {false, "a=%E2%82x\xff", "a=" FFFD FFFD "x" FFFD "|"},
    {false, "a=%ED%A0%80", "a=" FFFD FFFD FFFD "|"},
    {true, "\xe9=\xe9%E9", "\xc3\xa9=\xc3\xa9\xc3\xa9|"},
};

static void
urlencoded_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(urlencoded) / sizeof(urlencoded[0]); i++) {
		struct form_field *fields;
		const char *message = NULL;

		assert_true(form_urlencoded(
		    arena, bytes_of(urlencoded[i].body), urlencoded[i].latin1, &fields, &message));
		assert_string_equal(shown(fields), urlencoded[i].expected);
	}
}

static void
urlencoded_has_a_limit(void **state)
{
	struct form_field *fields;
	const char *message = NULL;

	(void)state;
	assert_true(form_urlencoded(arena, repeated("", "&", 999, ""), false, &fields, &message));
	assert_null(fields);
	assert_false(form_urlencoded(arena, repeated("", "&", 1000, ""), false, &fields, &message));
	assert_null(fields);
	assert_string_equal(message, FORM_TOO_MANY);
}

static void
urlencoded_may_hold_nul(void **state)
{
	struct form_field *fields;
	const char *message = NULL;

	(void)state;
	assert_true(form_urlencoded(arena, bytes_of("a=x%00y"), false, &fields, &message));
	assert_int_equal(fields->value.length, 3);
	assert_memory_equal(fields->value.data, "x\0y", 3);
}

#define DISPOSITION "--b\r\nContent-Disposition: form-data; "
#define END         "\r\n--b--\r\n"
#define MALFORMED   "Multipart form parse error - A part is malformed or has no end"

/* expected: NULL for what is refused as malformed. */
static const struct {
	const char *body, *expected;
} multipart[] = {
    {"", ""},
    {"x", ""},
    {"--b--\r\n", ""},
    {"--b--", ""},
    {DISPOSITION "name=\"username\"\r\n\r\nalice\r\n" DISPOSITION "name=\"p\"\r\n\r\n a " END,
	"username=alice|p= a |"},
    {DISPOSITION "name=a\r\n\r\n1\r\n" DISPOSITION "name=a\r\n\r\n2" END, "a=1|a=2|"},
    {"preamble\r\n" DISPOSITION "name=a\r\n\r\n1" END "epilogue", "a=1|"},
    {"--b \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1" END, "a=1|"},
    {DISPOSITION "name=a\r\n\r\n" END, "a=|"},
    {DISPOSITION "name=a\r\n\r\n\r\n" END, "a=\r\n|"},
    {DISPOSITION "name=a\r\n\r\n1--b\n--b--" END, "a=1--b\n--b--|"},
    {DISPOSITION "NAME = \" a;b \"\r\n\r\n1" END, " a;b =1|"},
    {DISPOSITION "name=\"a%22\"\r\n\r\n1" END, "a%22=1|"},
    {DISPOSITION "x=y\r\n\r\n1" END, ""},
    {"--b\r\nX: y\r\n\r\n1" END, ""},
    {"--b\r\n\r\n1" END, ""},
    {"--b\r\ncontent-disposition:form-data;name=a\r\n\r\n1" END, "a=1|"},
    {"--b\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name=a\r\n\r\n1" END,
	"a=1|"},
    {DISPOSITION "name=a\r\n\r\n\xc3\xa9\xff" END, "a=\xc3\xa9" FFFD "|"},
    {DISPOSITION "name=f; filename=x\r\n\r\n1" END, "f:file|"},
    {DISPOSITION "name=f; filename=\"\"\r\n\r\n1" END, "f=1|"},
    {DISPOSITION "name=a\r\n\r\n1", NULL},
    {DISPOSITION "name=a\r\n\r\n1\r\n", NULL},
    {DISPOSITION "name=a\r\n\r\n1\n--b--", NULL},
    {DISPOSITION "name=a\n\n1" END, NULL},
    {DISPOSITION "name=a" END, NULL},
    {"--bc\r\nContent-Disposition: form-data; name=a\r\n\r\n1" END, NULL},
    {"--b\r\n", NULL},
    {"--b", NULL},
};

static void
multipart_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(multipart) / sizeof(multipart[0]); i++) {
		struct form_field *fields;
		const char *message = NULL;
		bool good = form_multipart(
		    arena, bytes_of(multipart[i].body), bytes_of("b"), false, &fields, &message);

		assert_int_equal(good, multipart[i].expected != NULL);
		assert_string_equal(
		    good ? shown(fields) : message, good ? multipart[i].expected : MALFORMED);
		assert_true(good || fields == NULL);
	}
}

static void
multipart_needs_a_boundary(void **state)
{
	struct form_field *fields;
	const char *message = NULL;

	(void)state;
	assert_false(
	    form_multipart(arena, bytes_of("x"), bytes_of(NULL), false, &fields, &message));
	assert_string_equal(
	    message, "Multipart form parse error - Invalid boundary in multipart: None");
}

static void
multipart_has_a_limit(void **state)
{
	static const char *const parts[] = {DISPOSITION "name=a\r\n\r\n1\r\n",
	    "--b\r\nX: y\r\n\r\n1\r\n", DISPOSITION "name=f; filename=x\r\n\r\n1\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct form_field *fields;
		const char *message = NULL;
		struct bytes most = repeated("", parts[i], FORM_FIELDS_MAXIMUM, "--b--\r\n");
		struct bytes more = repeated("", parts[i], FORM_FIELDS_MAXIMUM + 1, "--b--\r\n");

		assert_true(form_multipart(arena, most, bytes_of("b"), false, &fields, &message));
		assert_false(form_multipart(arena, more, bytes_of("b"), false, &fields, &message));
		assert_string_equal(message, FORM_TOO_MANY);
	}
}

static void
last_field_counts(void **state)
{
	struct form_field *fields;
	const char *message = NULL;

	(void)state;
	assert_true(form_urlencoded(arena, bytes_of("a=1&b=2&a=3"), false, &fields, &message));
	assert_true(bytes_equal(form_field(fields, "a")->value, "3"));
	assert_true(bytes_equal(form_field(fields, "b")->value, "2"));
	assert_null(form_field(fields, "c"));
	assert_null(form_field(NULL, "a"));
}

static const struct {
	const char *before, *unit;
	bool multipart;
	size_t count;
} hostile[] = {
    {"a=", "%ff", false, 349000},
    {"a=", "%41\xc3\xa9", false, 200000},
    {"", "&", false, 1048576},
    {"", "--b", true, 349000},
    {"", "\r\n", true, 524288},
    {"", "\r\n--b\r\n\r\n", true, 110000},
    {DISPOSITION, "\";", true, 520000},
    {"--b\r\n", "Content-Disposition: x\r\n", true, 43000},
    {DISPOSITION "name=a\r\n\r\n", "\xff", true, 1048000},
    {DISPOSITION "name=a\r\n\r\n", "\r\n--", true, 260000},
};

static double
seconds(size_t row, size_t count)
{
	struct bytes body = repeated(hostile[row].before, hostile[row].unit, count, END);
	struct form_field *fields;
	const char *message;
	clock_t start = clock();

	if (hostile[row].multipart)
		form_multipart(arena, body, bytes_of("b"), false, &fields, &message);
	else
		form_urlencoded(arena, body, false, &fields, &message);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Four times the body may not take sixteen times as long; the constant is for slow machines. */
static void
hostile_bodies_take_linear_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		double quarter = seconds(i, hostile[i].count / 4);
		double whole = seconds(i, hostile[i].count);

		arena_reset(arena);
		assert_true(whole < 8 * quarter + 0.25);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(urlencoded_is_read, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(urlencoded_has_a_limit, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(urlencoded_may_hold_nul, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(multipart_is_read, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(
		multipart_needs_a_boundary, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(multipart_has_a_limit, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(last_field_counts, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(
		hostile_bodies_take_linear_time, arena_setup, arena_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
