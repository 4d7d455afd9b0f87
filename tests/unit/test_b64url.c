#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/b64url.h"

static void
assert_encodes(struct arena *arena, const char *text, struct bytes bytes)
{
	struct buffer encoded = {.arena = arena};
	struct bytes decoded;

	buffer_puts(&encoded, "");
	b64url_encode(&encoded, bytes);
	assert_string_equal(encoded.data, text);
	assert_true(b64url_decode(arena, bytes_of(text), &decoded));
	assert_true(bytes_same(decoded, bytes));
}

/* RFC 4648 section 10, and RFC 7515 appendix C. */
static void
test_published(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_encodes(arena, "", bytes_of(""));
	assert_encodes(arena, "Zg", bytes_of("f"));
	assert_encodes(arena, "Zm8", bytes_of("fo"));
	assert_encodes(arena, "Zm9v", bytes_of("foo"));
	assert_encodes(arena, "Zm9vYg", bytes_of("foob"));
	assert_encodes(arena, "Zm9vYmE", bytes_of("fooba"));
	assert_encodes(arena, "Zm9vYmFy", bytes_of("foobar"));
	assert_encodes(arena, "A-z_4ME", (struct bytes){"\x03\xec\xff\xe0\xc1", 5});
	arena_free(arena);
}

static void
test_every_length(void **state)
{
	struct arena *arena = arena_new();
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 151);
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		struct buffer encoded = {.arena = arena};
		struct bytes decoded;

		b64url_encode(&encoded, (struct bytes){bytes, length});
		assert_int_equal(encoded.length, (length * 4 + 2) / 3);
		assert_true(b64url_decode(arena, buffer_bytes(&encoded), &decoded));
		assert_true(bytes_same(decoded, (struct bytes){bytes, length}));
	}
	arena_free(arena);
}

/* Every byte string has one form; nothing else is read. */
static void
test_refused(void **state)
{
	static const char *const refused[] = {"A", "AAAAA", "Zg==", "Zg=", "Zh", "Z g", "Zm8\n",
	    " Zm8", "+A", "/A", "Zm9v.", "Zm9vZ", "\xc3\xa9", "AB", "AAB", "AA=A", "A_-B\x80",
	    NULL};
	struct arena *arena = arena_new();
	struct bytes decoded;

	(void)state;
	for (const char *const *text = refused; *text != NULL; text++)
		assert_false(b64url_decode(arena, bytes_of(*text), &decoded));
	assert_false(b64url_decode(arena, (struct bytes){"Zm\0v", 4}, &decoded));
	arena_free(arena);
}

/* Of all characters in each place of a group, just those of the alphabet are read. */
static void
test_every_character(void **state)
{
	struct arena *arena = arena_new();
	struct bytes decoded;

	(void)state;
	for (int place = 0; place < 4; place++) {
		int read = 0;

		for (int character = 0; character < 256; character++) {
			char text[] = "AAAA";

			text[place] = (char)character;
			read += b64url_decode(arena, (struct bytes){text, 4}, &decoded);
		}
		assert_int_equal(read, 64);
	}
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_published),
	    cmocka_unit_test(test_every_length),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_every_character),
	};

	return cmocka_run_group_tests_name("b64url", tests, NULL, NULL);
}
