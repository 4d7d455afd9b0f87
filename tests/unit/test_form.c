#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/charset.h"
#include "http/form.h"

#include <string.h>
#include <time.h>

#define TYPE "multipart/form-data; boundary=b"
#define FFFD "\xef\xbf\xbd"

static const char too_many_fields[] =
    "The number of GET/POST parameters exceeded settings.DATA_UPLOAD_MAX_NUMBER_FIELDS.";

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

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

static const struct {
	const char *charset, *body, *expected;
} urlencoded[] = {
    {NULL, "", ""},
    {NULL, "username=alice&password=a+b", "username=alice|password=a b|"},
    {NULL, "a=1&a=2", "a=1|a=2|"},
    {NULL, "a=1;b=2", "a=1;b=2|"},
    {NULL, "&&a&&=&=x&", "a=|=|=x|"},
    {NULL, "a=b=c%3Dd", "a=b=c=d|"},
    {NULL, "a+%2B=%20+", "a +=  |"},
    {NULL, "a=%zz%&b=%4&c=%%41", "a=%zz%|b=%4|c=%A|"},
    {NULL, "%61=%c3%A9", "a=\xc3\xa9|"},
    {NULL, "a=%FF", "a=" FFFD "|"},
    {NULL, "a=%E2%82x", "a=" FFFD "x|"},
    {NULL, "a=%ED%A0%80", "a=" FFFD FFFD FFFD "|"},
    {NULL, "a=%F0%9F%98", "a=" FFFD "|"},
    {NULL, "a=%C3\xc3\xa9", "a=" FFFD "\xc3\xa9|"},
    {NULL, "a=\xe9%C3%A9", "a=\xc3\xa9\xc3\xa9|"}, /* not UTF-8: all of it is ISO 8859-1 */
    {"latin-1", "a=\xe9%E9", "a=\xc3\xa9\xc3\xa9|"},
    {"ascii", "a=%E9", "a=" FFFD "|"},
    {"cp1252", "a=\x80%80%81", "a=\xe2\x82\xac\xe2\x82\xac" FFFD "|"},
    {"koi8-r", "a=\xc1", "a=\xd0\xb0|"},
};

static void
urlencoded_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(urlencoded) / sizeof(urlencoded[0]); i++) {
		struct form_field *fields;
		const char *message = NULL;

		assert_true(form_urlencoded(
		    arena, bytes_of(urlencoded[i].body), urlencoded[i].charset, &fields, &message));
		assert_string_equal(shown(fields), urlencoded[i].expected);
	}
}

static void
urlencoded_has_a_limit(void **state)
{
	struct form_field *fields;
	const char *message = NULL;

	(void)state;
	assert_true(form_urlencoded(arena, repeated("", "&", 999, ""), NULL, &fields, &message));
	assert_null(fields);
	assert_false(form_urlencoded(arena, repeated("", "&", 1000, ""), NULL, &fields, &message));
	assert_string_equal(message, too_many_fields);
}

static void
urlencoded_may_hold_nul(void **state)
{
	struct form_field *fields;
	const char *message = NULL;

	(void)state;
	assert_true(form_urlencoded(arena, bytes_of("a=x%00y"), NULL, &fields, &message));
	assert_int_equal(fields->value.length, 3);
	assert_memory_equal(fields->value.data, "x\0y", 3);
}

#define DISPOSITION "--b\r\nContent-Disposition: form-data; "
#define BASE64      "\r\nContent-Transfer-Encoding: base64"
#define END         "\r\n--b--\r\n"

static const struct {
	const char *body, *expected;
} multipart[] = {
    {"", ""},
    {"x", ""},
    {"--b--\r\n", ""},
    {DISPOSITION "name=\"username\"\r\n\r\nalice\r\n" DISPOSITION "name=\"p\"\r\n\r\n a " END,
	"username=alice|p= a |"},
    {DISPOSITION "name=a\r\n\r\n1\r\n" DISPOSITION "name=a\r\n\r\n2" END, "a=1|a=2|"},
    {"preamble\r\n" DISPOSITION "name=a\r\n\r\n1" END "epilogue", "a=1|"},
    {DISPOSITION "name=a\r\n\r\n1", "a=1|"},
    {DISPOSITION "name=a\r\n\r\n1\r\n", "a=1\r\n|"},
    {DISPOSITION "name=a\r\n\r\n1\n--b", "a=1|"},
    {DISPOSITION "name=a\n\n1" END, ""},
    {DISPOSITION "name=a\r\n\r\n" END, "a=|"},
    {DISPOSITION "NAME = \" a;\\\"b \"\r\n\r\n1" END, "a;\"b=1|"},
    {DISPOSITION "name=a; name=b\r\n\r\n1" END, "b=1|"},
    {DISPOSITION "x=y\r\n\r\n1" END, ""},
    {"--b\r\nX: y\r\n\r\n1" END, ""},
    {"--b\r\ncontent-disposition:x;name=a\r\n\r\n1" END, "a=1|"},
    {"--b\r\nContent-Disposition : x; name=a\r\n\r\n1" END, ""},
    {DISPOSITION "name*=utf-8''%C3%A9%20\r\n\r\n1" END, "\xc3\xa9=1|"},
    {DISPOSITION "name*=latin-1'fr'%E9\r\n\r\n1" END, "\xc3\xa9=1|"},
    {DISPOSITION "name*=nope''plain\r\n\r\n1" END, "plain=1|"},
    {DISPOSITION "name=a\r\n\r\n\xc3\xa9\xff" END, "a=\xc3\xa9" FFFD "|"},
    {DISPOSITION "name=a" BASE64 "\r\n\r\ndmFs\r\ndWU=" END, "a=value|"},
    {DISPOSITION "name=a" BASE64 "\r\n\r\ndmFsd" END, "a=dmFsd|"},
    {DISPOSITION "name=f; filename=x\r\n\r\n1" END, "f:file|"},
    {DISPOSITION "name=f; filename=\"\"\r\n\r\n1" END, "f=1|"},
    {DISPOSITION "name=f; filename=..\r\n\r\n1" END, ""},
    {DISPOSITION "name=f; filename=\"a&#47;\"\r\n\r\n1" END, ""},
    {DISPOSITION "name=f; filename=\"a&bsol;.&period;\"\r\n\r\n1" END, ""},
    {DISPOSITION "name=f; filename=x\r\n\r\n1", ""}, /* never completed */
    {DISPOSITION "name=f; filename=x\r\n\r\n1\r\n" DISPOSITION "name=f\r\n\r\n2" END,
	"f=2|f:file|"},
    {DISPOSITION "name=f; filename=x" BASE64 "\r\n\r\nd mFs" END, "f:file|"},
};

static void
multipart_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(multipart) / sizeof(multipart[0]); i++) {
		struct form_field *fields;
		const char *message = NULL;

		assert_true(form_multipart(
		    arena, bytes_of(multipart[i].body), TYPE, NULL, &fields, &message));
		assert_string_equal(shown(fields), multipart[i].expected);
	}
}

static const struct {
	const char *content_type, *body, *message;
} refused[] = {
    {"multipart/form-data", "x", "Invalid boundary in multipart: None"},
    {"multipart/form-data; boundary=", "x", "Invalid boundary in multipart: "},
    {"multipart/form-data; boundary=\"b \"", "x", "Invalid boundary in multipart: b "},
    {"Multipart/form-data; boundary=b", "x",
	"Invalid Content-Type: Multipart/form-data; boundary=b"},
    {"multipart/form-data; boundary=\xe9", "x",
	"Invalid non-ASCII Content-Type in multipart: multipart/form-data; boundary=\xc3\xa9"},
    {"multipart/form-data; boundary*=nope''%41", "x", "unknown encoding: nope"},
    {TYPE, DISPOSITION "name*=nope''%41\r\n\r\n1" END, "unknown encoding: nope"},
    {TYPE, DISPOSITION "name=f; filename=x" BASE64 "\r\n\r\ndmFsd" END,
	"Could not decode base64 data."},
    {TYPE, DISPOSITION "name=f; filename=x" BASE64 "\r\n\r\nd===" END,
	"Could not decode base64 data."},
};

static void
multipart_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct form_field *fields;
		const char *message = NULL;

		assert_false(form_multipart(arena, bytes_of(refused[i].body),
		    refused[i].content_type, NULL, &fields, &message));
		assert_null(fields);
		assert_string_equal(message, refused[i].message);
	}
}

static const struct {
	const char *part;
	size_t most;
	const char *message;
} limits[] = {
    {DISPOSITION "name=a\r\n\r\n1\r\n", 1000, too_many_fields},
    {"--b\r\nX: y\r\n\r\n1\r\n", 1000, too_many_fields},
    {DISPOSITION "name=f; filename=x\r\n\r\n1\r\n", 100,
	"The number of files exceeded settings.DATA_UPLOAD_MAX_NUMBER_FILES."},
};

static void
multipart_has_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct form_field *fields;
		const char *message = NULL;
		struct bytes most = repeated("", limits[i].part, limits[i].most, "--b--\r\n");
		struct bytes more = repeated("", limits[i].part, limits[i].most + 1, "--b--\r\n");

		assert_true(form_multipart(arena, most, TYPE, NULL, &fields, &message));
		assert_false(form_multipart(arena, more, TYPE, NULL, &fields, &message));
		assert_string_equal(message, limits[i].message);
	}
}

static void
multipart_headers_have_a_window(void **state)
{
	struct form_field *fields;
	const char *message = NULL;

	(void)state;
	assert_true(form_multipart(arena,
	    repeated("--b\r\nX: ", "y", 960, "\r\nContent-Disposition: x; name=a\r\n\r\n1" END),
	    TYPE, NULL, &fields, &message));
	assert_string_equal(shown(fields), "a=1|");
	assert_true(form_multipart(arena,
	    repeated("--b\r\nX: ", "y", 1000, "\r\nContent-Disposition: x; name=a\r\n\r\n1" END),
	    TYPE, NULL, &fields, &message));
	assert_null(fields);
}

static void
last_field_counts(void **state)
{
	struct form_field *fields;
	const char *message = NULL;

	(void)state;
	assert_true(form_urlencoded(arena, bytes_of("a=1&b=2&a=3"), NULL, &fields, &message));
	assert_true(bytes_equal(form_field(fields, "a")->value, "3"));
	assert_true(bytes_equal(form_field(fields, "b")->value, "2"));
	assert_null(form_field(fields, "c"));
	assert_null(form_field(NULL, "a"));
}

static const struct {
	const char *content_type, *charset;
} charsets[] = {
    {NULL, NULL},
    {"x/y", NULL},
    {"x/y; charset=utf-8", NULL},
    {"x/y; charset=UTF8", NULL},
    {"x/y; charset=nope", NULL},
    {"x/y; charset=hex", NULL},
    {"x/y; charset=latin-1", "latin_1"},
    {"x/y; CHARSET = \"ISO_8859-1\"", "latin_1"},
    {"x/y; charset=iso8859.1", "latin_1"},
    {"x/y; charset=windows-1252", "cp1252"},
    {"x/y; charset=UTF-16", "utf_16"},
    {"x/y; charset=utf.16", NULL},
    {"x/y; charset=latin-1; charset=koi8-r", "koi8_r"},
    {"x/y; a=\"b\\\"; charset=koi8-r\"; charset=latin-1", "latin_1"},
    {"charset=latin-1", NULL},
};

static void
charset_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		const char *charset = charset_of(arena, charsets[i].content_type);

		if (charsets[i].charset == NULL)
			assert_null(charset);
		else
			assert_string_equal(charset, charsets[i].charset);
	}
}

enum how {
	STRICT,
	REPLACE,
	STREAM,
};

/* message: of a refusal, then text is NULL. */
static const struct {
	enum how how;
	const char *charset, *in;
	size_t length;
	const char *text, *message;
} decoded[] = {
    {STRICT, NULL, "\xc3\xa9", 2, "\xc3\xa9", NULL},
    {STRICT, NULL, "a\xff", 2, NULL,
	"'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"},
    {STREAM, NULL, "a\xc3", 2, "a", NULL},
    {STRICT, "ascii", "a\xe9", 2, NULL,
	"'ascii' codec can't decode byte 0xe9 in position 1: ordinal not in range(128)"},
    {REPLACE, "ascii", "a\xe9\xe9", 3, "a" FFFD FFFD, NULL},
    {STRICT, "latin_1", "a\xe9", 2, "a\xc3\xa9", NULL},
    {STRICT, "cp1252", "a\x81", 2, NULL,
	"'charmap' codec can't decode byte 0x81 in position 1: character maps to <undefined>"},
    {STRICT, "cp1258", "a\xcc", 2, "a\xcc\x80", NULL},
    {STRICT, "utf_16", "\xfe\xff\0a", 4, "a", NULL},
    {STRICT, "utf_16", "a\0b\0", 4, "ab", NULL},
    {STREAM, "utf_16", "a\0b\0", 4, NULL, "UTF-16 stream does not start with BOM"},
    {STRICT, "utf_16_le", "\x3d\xd8\x00\xde", 4, "\xf0\x9f\x98\x80", NULL},
    {STRICT, "utf_16_le", "\x3d\xd8\x61\0", 4, NULL,
	"'utf-16-le' codec can't decode bytes in position 0-1: illegal UTF-16 surrogate"},
    {STRICT, "utf_16_le", "a", 1, NULL,
	"'utf-16-le' codec can't decode byte 0x61 in position 0: truncated data"},
    {STREAM, "utf_16_le", "b\0a", 3, "b", NULL},
    {REPLACE, "utf_16_be", "\xdc\0\0a", 4, FFFD "a", NULL},
    {STRICT, "utf_32_be", "\0\x11\0\0", 4, NULL,
	"'utf-32-be' codec can't decode bytes in position 0-3: code point not in range(0x110000)"},
    {STREAM, "utf_32", "a\0\0\0", 4, NULL, "UTF-32 stream does not start with BOM"},
    {STRICT, "utf_8_sig",
	"\xef\xbb\xbf"
	"a",
	4, "a", NULL},
    {STRICT, "gbk", "\xc3\xdc", 2, "\xe5\xaf\x86", NULL},
    {STRICT, "gbk", "a\xc3", 2, NULL,
	"'gbk' codec can't decode byte 0xc3 in position 1: incomplete multibyte sequence"},
    {REPLACE, "gbk", "a\xc3", 2, "a" FFFD, NULL},
    {STRICT, "shift_jis", "\\~\x83\x70", 4, "\\~\xe3\x83\x91", NULL},
};

static void
charset_is_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(decoded) / sizeof(decoded[0]); i++) {
		struct bytes in = {decoded[i].in, decoded[i].length}, text = {NULL, 0};
		const char *message = NULL;
		bool good = decoded[i].how == STREAM
				? charset_read(arena, decoded[i].charset, in, &text, &message)
				: charset_decode(arena, decoded[i].charset, in,
				      decoded[i].how == STRICT, &text, &message);

		assert_int_equal(good, decoded[i].text != NULL);
		if (good)
			assert_true(bytes_equal(text, decoded[i].text));
		else
			assert_string_equal(message, decoded[i].message);
	}
}

static const struct {
	const char *before, *unit, *type; /* type: of a multipart body, NULL for urlencoded */
	size_t count;
} hostile[] = {
    {"a=", "%ff", NULL, 349000},
    {"a=", "%41\xc3\xa9", NULL, 200000},
    {"", "&", NULL, 1048576},
    {"", "--b", TYPE, 349000},
    {"", "\r\n", TYPE, 524288},
    {"", "--b\r\nContent-Disposition: x; filename=y\r\n\r\n", TYPE, 23000},
    {DISPOSITION "name=a\r\n\r\n", "\xff", TYPE, 1048000},
    {DISPOSITION "name=f; filename=x" BASE64 "\r\n\r\n", "= ", TYPE, 520000},
};

static double
seconds(size_t row, size_t count)
{
	struct bytes body = repeated(hostile[row].before, hostile[row].unit, count, "");
	struct form_field *fields;
	const char *message;
	clock_t start = clock();

	if (hostile[row].type == NULL)
		form_urlencoded(arena, body, NULL, &fields, &message);
	else
		form_multipart(arena, body, hostile[row].type, NULL, &fields, &message);
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
	    cmocka_unit_test_setup_teardown(urlencoded_is_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(urlencoded_has_a_limit, setup, teardown),
	    cmocka_unit_test_setup_teardown(urlencoded_may_hold_nul, setup, teardown),
	    cmocka_unit_test_setup_teardown(multipart_is_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(multipart_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(multipart_has_limits, setup, teardown),
	    cmocka_unit_test_setup_teardown(multipart_headers_have_a_window, setup, teardown),
	    cmocka_unit_test_setup_teardown(last_field_counts, setup, teardown),
	    cmocka_unit_test_setup_teardown(charset_is_found, setup, teardown),
	    cmocka_unit_test_setup_teardown(charset_is_decoded, setup, teardown),
	    cmocka_unit_test_setup_teardown(hostile_bodies_take_linear_time, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
