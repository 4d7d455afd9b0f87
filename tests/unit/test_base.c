/* arena, bytes, log and config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t size = 1; size < 100000; size = size * 3 + 1) {
		char *memory = arena_alloc(arena, size);

		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 'x', size);
	}
	arena_free(arena);
}

/* The first block is kept, so what was in it can be looked at after a reset. */
static void
arena_reset_wipes(void **state)
{
	struct arena *arena = arena_new();
	const char *secret = arena_copy(arena, "correct horse", 13);

	(void)state;
	arena_reset(arena);
	assert_ptr_equal(arena_alloc(arena, 13), secret);
	for (size_t i = 0; i < 13; i++)
		assert_int_equal(secret[i], 0);
	arena_free(arena);
}

/* Whatever is printed where a block ends, the rest of it and the next one are zero. */
static void
arena_prints_across_blocks(void **state)
{
	char expected[600];

	(void)state;
	memset(expected, 'y', sizeof(expected));
	for (size_t used = 32 * 1024 - 700; used <= 32 * 1024; used += 100) {
		struct arena *arena = arena_new();
		const char *printed, *zero;

		memset(arena_alloc(arena, used), 'x', used);
		printed = arena_printf(arena, "%.*s", (int)sizeof(expected), expected);
		assert_int_equal(strlen(printed), sizeof(expected));
		assert_memory_equal(printed, expected, sizeof(expected));
		zero = arena_alloc(arena, 1000);
		for (size_t i = 0; i < 1000; i++)
			assert_int_equal(zero[i], 0);
		arena_free(arena);
	}
}

static void
buffer_grows(void **state)
{
	struct arena *arena = arena_new();
	struct buffer buffer = {.arena = arena};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buffer_printf(&buffer, "%d,", i % 10);
	assert_int_equal(buffer.length, 20000);
	assert_int_equal(buffer.data[buffer.length], '\0');
	assert_memory_equal(buffer.data + 19996, "8,9,", 4);
	buffer_printf(&buffer, "%0700d", 1);
	assert_int_equal(buffer.length, 20700);
	assert_memory_equal(buffer.data + 20690, "0000000001", 11);
	*buffer_extend(&buffer, 1) = 'z';
	assert_string_equal(buffer.data + 20699, "1z");
	arena_free(arena);
}

static void
log_quote_escapes(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *quoted;
	} rows[] = {
	    {"abc", 3, "\"abc\""},
	    {"", 0, "\"\""},
	    {"a\nb\"\\\x1b[31m", 9, "\"a\\x0ab\\\"\\\\\\x1b[31\""},
	    {"\0\xff", 2, "\"\\x00\\xff\""},
	};
	struct arena *arena = arena_new();
	char longer[300];
	const char *quoted;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(log_quote(arena, (struct bytes){rows[i].bytes, rows[i].length}),
		    rows[i].quoted);
	memset(longer, 'a', sizeof(longer));
	quoted = log_quote(arena, (struct bytes){longer, sizeof(longer)});
	assert_string_equal(quoted + strlen(quoted) - 4, "\"...");
	arena_free(arena);
}

extern char **environ;

static void
only_these(const char *const *variables)
{
	static char *none[] = {NULL};

	environ = none;
	for (; *variables != NULL; variables += 2)
		setenv(variables[0], variables[1], 1);
}

static void
config_has_defaults(void **state)
{
	const struct config *config;

	(void)state;
	only_these((const char *[]){NULL});
	config = config_load("/dev/null/no");
	assert_null(config);
	config = config_load(NULL);
	assert_non_null(config);
	assert_int_equal(config->access_token_lifetime, 300);
	assert_int_equal(config->refresh_token_lifetime, 86400);
	assert_string_equal(config->auth_header_types[0], "Bearer");
	assert_null(config->auth_header_types[1]);
	assert_true(config->check_user_is_active);
	assert_null(config->audience);
	assert_int_equal(config->compat, COMPAT_HEAD);
}

static void
config_reads_the_environment(void **state)
{
	const struct config *config;

	(void)state;
	only_these((const char *[]){"JWT_SIGNING_KEY", "  a key with = and spaces ", "JWT_LEEWAY",
	    "10", "JWT_AUTH_HEADER_TYPES", "Bearer, JWT", "JWT_ROTATE_REFRESH_TOKENS", "True",
	    "JWT_COMPAT", "5.2", "JWT_JTI_CLAIM", "", "JWT_AUTH_TOKEN_CLASSES",
	    "AccessToken,SlidingToken", "PATH", "/bin", NULL});
	config = config_load(NULL);
	assert_non_null(config);
	assert_string_equal(config->signing_key, "  a key with = and spaces ");
	assert_string_equal(getenv("JWT_SIGNING_KEY"), ""); /* wiped */
	assert_int_equal(config->leeway, 10);
	assert_string_equal(config->auth_header_types[1], "JWT");
	assert_true(config->rotate_refresh_tokens);
	assert_int_equal(config->compat, COMPAT_5_2);
	assert_null(config->jti_claim);
}

static void
config_takes_proxies(void **state)
{
	static const char *const values[] = {"", "1", "9", "10.0.0.1", "10.0.0.0/8, fd00::/8"};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const struct config *config;

		only_these((const char *[]){"JWT_TRUSTED_PROXIES", values[i], NULL});
		config = config_load(NULL);
		assert_non_null(config);
		assert_true((config->trusted_proxies == NULL) == (*values[i] == '\0'));
	}
}

static void
config_refuses(void **state)
{
	static const char *const rows[][5] = {
	    {"JWT_NO_SUCH_SETTING", "1"},
	    {"JWT_LEEWAY", "ten"},
	    {"JWT_LEEWAY", "-1"},
	    {"JWT_LEEWAY", " 1"},
	    {"JWT_LEEWAY", "1 "},
	    {"JWT_LEEWAY", ""},
	    {"JWT_ACCESS_TOKEN_LIFETIME", "0"},
	    {"JWT_ACCESS_TOKEN_LIFETIME", "99999999999999999999"},
	    {"JWT_ROTATE_REFRESH_TOKENS", "yes please"},
	    {"JWT_ROTATE_REFRESH_TOKENS", ""},
	    {"JWT_ALGORITHM", "none"},
	    {"JWT_ALGORITHM", "HS256 HS384"},
	    {"JWT_COMPAT", "4"},
	    {"JWT_AUTH_HEADER_TYPES", ""},
	    {"JWT_AUTH_HEADER_TYPES", "Bearer,,JWT"},
	    {"JWT_AUTH_TOKEN_CLASSES", "RefreshToken"},
	    {"JWT_TRUSTED_PROXIES", "0"},
	    {"JWT_TRUSTED_PROXIES", "10"},
	    {"JWT_TRUSTED_PROXIES", "1,10.0.0.0/8"},
	    {"JWT_TRUSTED_PROXIES", "10.0.0.0/8,1"},
	    {"JWT_TRUSTED_PROXIES", "10.0.0.0/33"},
	    {"JWT_TRUSTED_PROXIES", "10.0.0.0/"},
	    {"JWT_TRUSTED_PROXIES", "10.0.0.0/8x"},
	    {"JWT_TRUSTED_PROXIES", "0.0.0.0/0"},
	    {"JWT_TRUSTED_PROXIES", "fd00::/129"},
	    {"JWT_TRUSTED_PROXIES", "proxy.example.org"},
	    {"JWT_USER_ID_CLAIM", ""},
	    {"JWT_USER_ID_CLAIM", "a\"b"},
	    {"JWT_USER_ID_CLAIM", "exp"},
	    {"JWT_USER_ID_CLAIM", "jti"},
	    {"JWT_USER_TABLE", "auth_user; DROP TABLE x"},
	    {"JWT_BLACKLIST_AFTER_ROTATION", "on"},
	    {"JWT_TOKEN_BLACKLIST", "on", "JWT_JTI_CLAIM", ""},
	    {"JWT_USER_QUERY", "SELECT 1"},
	    {"JWT_SIGNING_KEY", "a", "JWT_SIGNING_KEY_FILE", "b"},
	    {"JWT_CONFIG_FILE", "/no/such/file"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		only_these(rows[i]);
		assert_null(config_load(NULL));
	}
}

static const char *
write_bytes(struct bytes bytes, mode_t mode)
{
	static char path[64];
	int descriptor;

	strcpy(path, "/tmp/test_base.XXXXXX");
	descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, bytes.data, bytes.length), bytes.length);
	fchmod(descriptor, mode);
	close(descriptor);
	return path;
}

static const char *
write_file(const char *text, mode_t mode)
{
	return write_bytes(bytes_of(text), mode);
}

static void
config_reads_a_file(void **state)
{
	const struct config *config;
	const char *path;

	(void)state;
	path =
	    write_file("# comment\n\n  JWT_LEEWAY=5\r\nJWT_ISSUER=a b=c\nPGHOST=/file\nPGPORT=1\n"
		       "JWT_REFRESH_TOKEN_LIFETIME=60",
		0600);
	only_these((const char *[]){"JWT_LEEWAY", "7", "PGPORT", "2", NULL});
	config = config_load(path);
	unlink(path);
	assert_non_null(config);
	assert_int_equal(config->leeway, 7); /* the environment wins */
	assert_string_equal(config->issuer, "a b=c");
	assert_int_equal(config->refresh_token_lifetime, 60);
	assert_string_equal(getenv("PGHOST"), "/file");
	assert_string_equal(getenv("PGPORT"), "2");
}

static void
config_refuses_a_file(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
	} rows[] = {
	    {"JWT_LEEWAY=5\n", 0644},
	    {"JWT_LEEWAY=5\n", 0640},
	    {"JWT_LEEWAY\n", 0600},
	    {"PATH=/bin\n", 0600},
	    {"JWT_NO_SUCH=1\n", 0600},
	    {"JWT_CONFIG_FILE=other\n", 0600},
	    {"=\n", 0600},
	};

	(void)state;
	only_these((const char *[]){NULL});
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *path = write_file(rows[i].text, rows[i].mode);

		assert_null(config_load(path));
		unlink(path);
	}
}

/* What stands behind it would be passed over in silence. */
static void
config_refuses_a_nul(void **state)
{
	static const char text[] = "JWT_LEEWAY=5\n\0\nJWT_THROTTLE=on\n";
	const char *path = write_bytes((struct bytes){text, sizeof(text) - 1}, 0600);

	(void)state;
	only_these((const char *[]){NULL});
	assert_null(config_load(path));
	unlink(path);
}

static void
secret_files_are_regular_and_small(void **state)
{
	struct arena *arena = arena_new();
	struct bytes bytes;
	const char *why = NULL;

	(void)state;
	assert_false(file_read_secret(arena, "/dev/zero", &bytes, &why));
	assert_string_equal(why, "is not a regular file");
	assert_false(file_read_secret(arena, "/tmp", &bytes, &why));
	assert_string_equal(why, "is not a regular file");
	arena_free(arena);
}

/* Also when a line of the other form was written in the same second. */
static void
log_lines_have_one_form(void **state)
{
	int pipes[2], standard_error = dup(STDERR_FILENO);
	char lines[1000];
	ssize_t length;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	log_to("stderr");
	log_warning("in text");
	log_to("json");
	log_warning("in JSON");
	log_to("stderr");
	dup2(standard_error, STDERR_FILENO);
	length = read(pipes[0], lines, sizeof(lines) - 1);
	assert_true(length > 0);
	lines[length] = '\0';
	assert_non_null(strstr(lines, "]: in text\n{\"time\":\""));
	assert_non_null(strstr(lines, "\"level\":\"warning\",\"message\":\"in JSON\"}\n"));
	close(pipes[0]);
	close(pipes[1]);
	close(standard_error);
}

/* As str.strip() of Python; what is not UTF-8 is no white space. */
static void
utf8_strips_white_space(void **state)
{
	static const char *const rows[][2] = {{"", ""}, {" \t\x1c", ""}, {" a b\n", "a b"},
	    {"\u00a0\u2003a\u3000\xc2\x85", "a"}, {"\u200ba\u200b", "\u200ba\u200b"},
	    {"a\xa0", "a\xa0"}, {"a\u00a0\xa0", "a\u00a0\xa0"}, {"\x80 ", "\x80"},
	    {"\xe2\x80", "\xe2\x80"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(bytes_equal(utf8_strip(bytes_of(rows[i][0])), rows[i][1]));
	assert_int_equal(utf8_count(bytes_of("a\u00e9\u2003\U0001f600")), 4);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arena_gives_zeroed_aligned_memory),
	    cmocka_unit_test(arena_reset_wipes),
	    cmocka_unit_test(arena_prints_across_blocks),
	    cmocka_unit_test(buffer_grows),
	    cmocka_unit_test(log_quote_escapes),
	    cmocka_unit_test(log_lines_have_one_form),
	    cmocka_unit_test(config_has_defaults),
	    cmocka_unit_test(config_reads_the_environment),
	    cmocka_unit_test(config_takes_proxies),
	    cmocka_unit_test(config_refuses),
	    cmocka_unit_test(utf8_strips_white_space),
	    cmocka_unit_test(config_reads_a_file),
	    cmocka_unit_test(config_refuses_a_file),
	    cmocka_unit_test(config_refuses_a_nul),
	    cmocka_unit_test(secret_files_are_regular_and_small),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
