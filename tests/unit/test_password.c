#include "helpers.h"

#include "accounts/password.h"
#include "accounts/pbkdf2.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct row {
	const char *password;
	int repeat;
	bool legacy;
	const char *stored;
};

static const struct row rows[] = {
#include "password_rows.h"
};

/* Enough for every row, and little enough that a broken string is quick. */
static const struct password_policy all = {.iterations = 1000, .legacy = true, .limit = 200000};
static const struct password_policy usual = {.iterations = 1000, .limit = 200000};

static const char salt22[] = "pbkdf2_sha256$1000$abcdefghijklmnopqrstuv$"
			     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/* Without libargon2 its strings cannot be decided. */
static enum verdict
expected(enum verdict verdict, const char *stored)
{
#ifdef HAVE_ARGON2
	(void)stored;
	return verdict;
#else
	bool argon2 =
	    strncmp(stored + (*stored == '$'), "argon2", 6) == 0 && strlen(stored) <= 1024;

	return argon2 ? VERDICT_UNDECIDED : verdict;
#endif
}

static enum verdict
verify(const struct password_policy *policy, const char *password, const char *stored)
{
	long spent;

	return password_verify(policy, bytes_of(password), stored, &spent);
}

/* before, then the row's password, then after */
static struct bytes
row_password(const struct row *row, const char *before, const char *after)
{
	static char memory[8192];
	size_t length = 0;

	length += strlen(strcpy(memory, before));
	for (int i = 0; i < row->repeat; i++)
		length += strlen(strcpy(memory + length, row->password));
	length += strlen(strcpy(memory + length, after));
	return (struct bytes){memory, length};
}

static bool
row_is_cut(const struct row *row)
{
	return row->repeat >= 72 || strncmp(row->stored, "crypt$$", 7) == 0;
}

static void
check_row(const struct row *row)
{
	const char *stored = row->stored;
	enum verdict yes = expected(VERDICT_YES, stored), no = expected(VERDICT_NO, stored);
	long spent = -1;

	if (password_verify(&all, row_password(row, "", ""), stored, &spent) != yes)
		fail_msg("refused: %s", stored);
	assert_true(spent >= 0);
	if (password_verify(&all, row_password(row, "x", ""), stored, &spent) != no)
		fail_msg("another password accepted: %s", stored);
	if (!row_is_cut(row))
		assert_int_equal(
		    no, password_verify(&all, row_password(row, "", "x"), stored, &spent));
	assert_int_equal(row->legacy ? VERDICT_NO : yes,
	    password_verify(&usual, row_password(row, "", ""), stored, &spent));
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i += step(7))
		check_row(rows + i);
}

/* bcrypt reads 72 bytes; Django's bcrypt_sha256 reads all. */
static void
test_bcrypt_cut(void **state)
{
	const struct row *row = rows;
	char k73[74] = {0};

	(void)state;
	memset(k73, 'k', 73);
	k73[72] = 'x';
	for (; row < rows + sizeof rows / sizeof *rows; row++) {
		if (row->repeat != 4096)
			continue;
		if (strncmp(row->stored, "bcrypt$", 7) == 0)
			assert_int_equal(VERDICT_YES, verify(&all, k73, row->stored));
		if (strncmp(row->stored, "bcrypt_sha256$", 14) == 0)
			assert_int_equal(VERDICT_NO, verify(&all, k73, row->stored));
	}
}

/* The same bytes of salt, but with bits set behind the last one, as no encoder would. */
static void
test_argon2_salt(void **state)
{
	char text[] = "argon2$argon2id$v=19$m=64,t=1,p=2$c2Vhc2FsdHNlYXNhbHRzZWFzYWx0Mg$"
		      "w/I/qsuVQnWUHo7r/uf4zPKfFFbyhRRMxv/GVK5tqAA";

	(void)state;
	assert_int_equal(expected(VERDICT_YES, text), verify(&all, "123", text));
	*strstr(text, "Mg$") = 'N';
	assert_int_equal(expected(VERDICT_NO, text), verify(&all, "123", text));
	memcpy(strstr(text, "Ng$"), "Mh$", 3);
	assert_int_equal(expected(VERDICT_NO, text), verify(&all, "123", text));
}

/* The strings of Argon2's own library: those of Django without its prefix. */
static void
test_bare_argon2(void **state)
{
	static const char prefix[] = "argon2$argon2";
	size_t count = 0;

	(void)state;
	for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
		struct row bare = *row;

		if (strncmp(row->stored, prefix, strlen(prefix)) != 0)
			continue;
		bare.stored = row->stored + strlen("argon2");
		check_row(&bare);
		assert_int_equal(password_kind(&usual, bare.stored), PASSWORD_KNOWN);
		assert_false(password_must_rehash(&usual, REHASH_UPGRADE, bare.stored));
		assert_true(password_must_rehash(&usual, REHASH_DJANGO, bare.stored));
		count++;
	}
	assert_true(count >= 3);
}

/* What a stored string is is told by its form; nothing is hashed for it. */
static void
test_kinds(void **state)
{
	static const char *const none[] = {NULL, "", "!", "!pbkdf2_sha256$1$a$b"};
	static const char *const unknown[] = {"plain text", "pbkdf2:sha256:600000$salt$0a",
	    "scrypt:32768:8:1$salt$0a", "$pbkdf2-sha256$29000$salt$hash",
	    "{SSHA}c2Vhc2FsdA==", "{CRYPT}$6$salt$hash", "$P$BabcdefghXXXXXXXXXXXXXXXXXXXXX",
	    "$H$9abcdefgh", "$argon", "ab0123456789.", "_J9..saltXXXXXXXXXXX"};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(password_kind(&all, none[i]), PASSWORD_NONE);
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		if (password_kind(&all, unknown[i]) != PASSWORD_UNKNOWN)
			fail_msg("not unknown: %s", unknown[i]);
	for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
		assert_int_equal(password_kind(&all, row->stored), PASSWORD_KNOWN);
		assert_int_equal(password_kind(&usual, row->stored),
		    row->legacy ? PASSWORD_UNKNOWN : PASSWORD_KNOWN);
	}
}

static void
assert_no(const char *password, const char *stored)
{
	if (verify(&all, password, stored) != expected(VERDICT_NO, stored))
		fail_msg("not refused: %s", stored);
}

/* "crypt$$" repeats its salt in the hash and any text may stand between. */
static bool
row_is_malleable(const struct row *row)
{
	return strncmp(row->stored, "crypt$", 6) == 0;
}

static void
mutate_row(const struct row *row)
{
	char text[512];
	size_t length = strlen(row->stored);

	for (size_t i = 0; i < length; i += 4 * step(5)) {
		strcpy(text, row->stored);
		text[i] ^= 8;
		if (!row_is_malleable(row))
			assert_no(row->password, text);
		text[i] = '\0';
		assert_no(row->password, text);
	}
	assert_no(row->password, strcat(strcpy(text, row->stored), "x"));
	assert_no(row->password, strcat(strcpy(text, row->stored), "$"));
	assert_no(row->password, strcat(strcpy(text, row->stored), "\n"));
	assert_no(row->password, strcat(strcpy(text, " "), row->stored));
}

static void
test_mutations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].password, "123") == 0 && !strstr(rows[i].stored, "$saltstring"))
			mutate_row(rows + i);
}

static const char *const broken[] = {
    "",
    "!",
    "!0123456789012345678901234567890123456789",
    "!pbkdf2_sha256$1$a$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "plain text",
    "secret",
    "unknown$1$a$b",
    "PBKDF2_SHA256$1$a$b",
    "pbkdf2_sha512$1$a$b",
    "pbkdf2_sha256",
    "pbkdf2_sha256$",
    "pbkdf2_sha256$abc",
    "pbkdf2_sha256$1",
    "pbkdf2_sha256$1$",
    "pbkdf2_sha256$1$a",
    "pbkdf2_sha256$1$a$",
    "pbkdf2_sha256$$a$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$1$$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$0$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$-1$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$+1$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$01$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$ 1$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$1 $seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$1_0$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$1e3$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$0x1$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$1$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I",
    "pbkdf2_sha256$1$seasaltseasaltseasalt2$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87J=",
    "pbkdf2_sha256$1$seasaltseasaltseasalt2$$dyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$100000001$a$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$2147483648$a$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$4294967297$a$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$18446744073709551617$a$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha256$99999999999999999999999999$a$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "pbkdf2_sha1$100000001$a$TA23EbYFhnK2S7yHsEH7lSpu0NU=",
    "pbkdf2_sha1$1$a$TA23EbYFhnK2S7yHsEH7lSpu0N==",
    "pbkdf2_sha1$1$a$wdyE70DcEKMNqOYvP9BzpJqOok5EzhMXsYCMknJb87I=",
    "argon2",
    "argon2$",
    "argon2$argon2id",
    "argon2$argon2id$",
    "argon2$argon2id$$$$",
    "argon2$argon2x$v=19$m=64,t=1,p=2$c2Vhc2FsdA$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=18$m=64,t=1,p=2$c2Vhc2FsdA$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=0$m=64,t=1,p=2$c2Vhc2FsdA$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=0,t=1,p=2$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=8,t=1,p=2$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=0,p=2$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1,p=0$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1,p=9$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$t=1,m=64,p=1$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vh$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1,p=1$$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdHNlYQ",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdHNlYQ$",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdHNlYQ$AA",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdHNlYQ$AAAAA",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdHNlYR$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdHNlYQ==$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vh c2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdHNlYQ$!!!!!!!!!!!!!!!!!!!!",
    "argon2$argon2id$v=19$m=4294967295,t=1,p=1$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=64,t=4294967295,p=1$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=1048577,t=1,p=1$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "argon2$argon2id$v=19$m=1048576,t=1000,p=1$c2Vhc2FsdHNlYQ$BfvZwQbyrfHUX9Ut2qQP",
    "scrypt",
    "scrypt$",
    "scrypt$16",
    "scrypt$16$salt$8$1",
    "scrypt$16$salt$8$1$",
    "scrypt$16$salt$8$1$AAAA",
    "scrypt$15$seasaltseasaltseasalt2$8$1$PfjrPadoey9rIF3Vj6ppf11jSxz4GHxhwOKhuvp7SiWNRwCB70gSN+"
    "2joTKO7N3vZm80grDueEXMRTOeBkoyQw==",
    "scrypt$1$seasaltseasaltseasalt2$8$1$PfjrPadoey9rIF3Vj6ppf11jSxz4GHxhwOKhuvp7SiWNRwCB70gSN+"
    "2joTKO7N3vZm80grDueEXMRTOeBkoyQw==",
    "scrypt$0$seasaltseasaltseasalt2$8$1$PfjrPadoey9rIF3Vj6ppf11jSxz4GHxhwOKhuvp7SiWNRwCB70gSN+"
    "2joTKO7N3vZm80grDueEXMRTOeBkoyQw==",
    "scrypt$65536$s$1$1$PfjrPadoey9rIF3Vj6ppf11jSxz4GHxhwOKhuvp7SiWNRwCB70gSN+"
    "2joTKO7N3vZm80grDueEXMRTOeBkoyQw==",
    "scrypt$8388608$s$8388608$8388608$PfjrPadoey9rIF3Vj6ppf11jSxz4GHxhwOKhuvp7SiWNRwCB70gSN+"
    "2joTKO7N3vZm80grDueEXMRTOeBkoyQw==",
    "scrypt$2$s$1$8388608$PfjrPadoey9rIF3Vj6ppf11jSxz4GHxhwOKhuvp7SiWNRwCB70gSN+"
    "2joTKO7N3vZm80grDueEXMRTOeBkoyQw==",
    "scrypt$16$s$0$1$PfjrPadoey9rIF3Vj6ppf11jSxz4GHxhwOKhuvp7SiWNRwCB70gSN+"
    "2joTKO7N3vZm80grDueEXMRTOeBkoyQw==",
    "bcrypt",
    "bcrypt$",
    "bcrypt$$",
    "bcrypt$$2b$",
    "bcrypt$$2b$31$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
    "bcrypt$$2b$3$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
    "bcrypt$$2b$03$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
    "bcrypt$$2b$04$abcdefghijklmnopqrstu",
    "bcrypt$$2b$04$",
    "bcrypt$$2b$04",
    "bcrypt$$2$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
    "bcrypt$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
    "bcrypt$$1$saltstri$1",
    "bcrypt_sha256$$2b$31$abcdefghijklmnopqrstuuAGUtA0XVhWMYe2lvlA94phs07MYN67C",
    "bcrypt_sha256$",
    "bcrypt_sha256$$",
    "md5$",
    "md5$$",
    "md5$$d41d8cd98f00b204e9800998ecf8427",
    "md5$$D41D8CD98F00B204E9800998ECF8427E",
    "md5$a$",
    "md5$a",
    "sha1$",
    "sha1$$",
    "sha1$$DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
    "sha1$a",
    "D41D8CD98F00B204E9800998ECF8427E",
    "d41d8cd98f00b204e9800998ecf8427",
    "d41d8cd98f00b204e9800998ecf8427e0",
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    "crypt",
    "crypt$",
    "crypt$$",
    "crypt$$a",
    "crypt$$ab",
    "crypt$$*0",
    "crypt$$*1",
    "crypt$$*0***********",
    "crypt$$_zzzzsalt............",
    "$",
    "$$",
    "$$$$",
    "$1",
    "$1$",
    "$9$x$y",
    "$2$",
    "$2b$",
    "$2b$31$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
    "$2b$39$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
    "$2b$20$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
    "$6$",
    "$6$rounds=",
    "$6$rounds=$",
    "$6$rounds=999999999$salt$x",
    "$6$rounds=-1$salt$x",
    "$5$rounds=99999999999999999999$salt$x",
    "$y$",
    "$y$j9T",
    "$y$j9T$",
    "$y$jzT$abc$x",
    "$y$jjj$VxIi6M8wdE/u747IAYb2e0$xf9KBWxsWGtXSyymXTB18BfQtCIJvvA38Lg2mpYpF29",
    "$y$jFT5$VxIi6M8wdE/u747IAYb2e0$xf9KBWxsWGtXSyymXTB18BfQtCIJvvA38Lg2mpYpF29",
    "$gy$jjj$VxIi6M8wdE/u747IAYb2e0$xf9KBWxsWGtXSyymXTB18BfQtCIJvvA38Lg2mpYpF29",
    "$7$",
    "$7$CU",
    "$7$zzzzzzzzzzz$x",
    "$7$NU..../....NBi.keXgazPxHeXdWrhvo1$x",
    "$7$..........NBi.keXgazPxHeXdWrhvo1$x",
    "$sha1$",
    "$sha1$4294967295$salt$x",
    "$sha1$salt$x",
    "$md5",
    "$md5,rounds=4294967295$salt$x",
    "$md5,rounds=999999999$salt$x",
    "$3$",
    "$3$$",
};

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
test_broken(void **state)
{
	const struct password_policy unbounded = {.iterations = 1000, .legacy = true};
	double start = seconds();

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		assert_no("", broken[i]);
		assert_no("secret", broken[i]);
		assert_false(password_must_rehash(&usual, REHASH_OFF, broken[i]));
		(void)password_must_rehash(&all, REHASH_UPGRADE, broken[i]);
		(void)password_must_rehash(&all, REHASH_DJANGO, broken[i]);
		if (strncmp(broken[i], "$2b$20$", 7) != 0)
			assert_int_equal(
			    expected(VERDICT_NO, broken[i]), verify(&unbounded, "", broken[i]));
	}
	assert_int_equal(VERDICT_NO, verify(&all, "secret", NULL));
	/* Not the hours that some ask for, even under valgrind. */
	assert_true(seconds() - start < 120);
}

static void
test_long_strings(void **state)
{
	static char text[70000];

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i += 3) {
		memset(text, broken[i][0] ? 'A' : '$', sizeof text - 1);
		memcpy(text, broken[i], strlen(broken[i]));
		for (size_t length = 100; length < sizeof text; length *= 3) {
			char kept = text[length];

			text[length] = '\0';
			assert_no("secret", text);
			text[length] = kept;
		}
	}
}

static void
test_nul(void **state)
{
	long spent;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes password = row_password(rows + i, "", "");

		password.length++;
		assert_int_equal(
		    VERDICT_NO, password_verify(&all, password, rows[i].stored, &spent));
		assert_int_equal(0, spent);
	}
}

static void
test_spent(void **state)
{
	const struct password_policy policy = {.iterations = 1000};
	const char *stored =
	    "pbkdf2_sha256$12345$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0=";
	long spent;

	(void)state;
	password_verify(&policy, bytes_of("x"), stored, &spent);
	assert_int_equal(12345, spent);
	password_verify(&policy, bytes_of("x"), "nothing", &spent);
	assert_int_equal(0, spent);
	/* Measured: the first time may take longer, such as under valgrind. */
	for (int i = 0; i < 9 && (i == 0 || spent > 0); i++)
		password_verify(&policy, bytes_of("x"), "bcrypt$broken", &spent);
	assert_int_equal(0, spent);
	password_verify(&policy, (struct bytes){NULL, 0}, "$6$salt$x", &spent);
	assert_in_range(spent, 100, 10000000);
}

static double
shortest_spend(long iterations)
{
	double shortest = 1e9;

	for (int i = 0; i < 9; i++) {
		double start = seconds(), taken;

		password_spend(bytes_of("secret"), iterations);
		taken = seconds() - start;
		if (taken < shortest)
			shortest = taken;
	}
	return shortest;
}

/* Only the order of magnitude: the machine may be busy. */
static void
test_spend(void **state)
{
	double one = shortest_spend(2000), four = shortest_spend(8000);

	(void)state;
	password_spend((struct bytes){NULL, 0}, 1);
	password_spend(bytes_of("x"), 0);
	password_spend(bytes_of("x"), -5);
	assert_true(four > 2 * one && four < 8 * one);
}

static const struct {
	const char *stored;
	long cost;
} costs[] = {
    {NULL, 0},
    {"", 0},
    {"!x", 0},
    {"pbkdf2_sha256$1000$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1000},
    {"pbkdf2_sha256$100000000$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 100000000},
    {"pbkdf2_sha256$100000001$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0},
    {"pbkdf2_sha256$1000$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0},
    {"pbkdf2_sha256$0$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0},
    {"pbkdf2_sha1$1000$s$AAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0},
    {"$6$rounds=1000$saltstring$x", 0},
};

static void
test_cost(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
		assert_int_equal(costs[i].cost, password_cost(costs[i].stored));
}

#define HASH32 "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define BCRYPT "$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq"

static const struct {
	const char *stored;
	bool django, upgrade;
} rehashes[] = {
    {salt22, false, false},
    {"pbkdf2_sha256$1000$abcdefghijklmnopqrstu" HASH32, true, true},
    {"pbkdf2_sha256$1000$abcdefghijklmnopqrst\303\244v" HASH32, false, false},
    {"pbkdf2_sha256$1000$abcdefghijklmnopqrst\303\244" HASH32, true, true},
    {"pbkdf2_sha256$1000$abcdefghijkl" HASH32, true, true},
    {"pbkdf2_sha256$999$abcdefghijklmnopqrstuv" HASH32, true, true},
    {"pbkdf2_sha256$1001$abcdefghijklmnopqrstuv" HASH32, true, false},
    {"pbkdf2_sha256$1001$abcdefghijkl" HASH32, true, true},
    {"pbkdf2_sha256$01000$abcdefghijklmnopqrstuv" HASH32, false, false},
    {"pbkdf2_sha1$1000$abcdefghijklmnopqrstuv$AAAAAAAAAAAAAAAAAAAAAAAAAAA=", true, true},
    {"argon2$argon2id$v=19$m=64,t=1,p=2$c2Vhc2FsdA$BfvZwQbyrfHUX9Ut2qQP", true, false},
    {"scrypt$16384$salt$8$5$PfjrPadoey9rIF3Vj6ppf11jSxz4GHxhwOKhuvp7SiWNRwCB70gSN+2joTKO7N3vZm80gr"
     "DueEXMRTOeBkoyQw==",
	true, false},
    {"bcrypt_sha256$$2b$12" BCRYPT, true, false},
    {"bcrypt_sha256$$2b$09" BCRYPT, true, true},
    {"bcrypt$$2b$10" BCRYPT, true, false},
    {"$2a$12" BCRYPT, true, false},
    {"$2a$06" BCRYPT, true, true},
    {"$2x$12" BCRYPT, true, true},
    {"$y$j9T$VxIi6M8wdE/u747IAYb2e0$x", true, false},
    {"$6$saltstring$x", true, true},
    {"$1$saltstring$x", true, true},
    {"crypt$$abLEFxdWWYR3c", true, true},
    {"md5$a$202cb962ac59075b964b07152d234b70", true, true},
    {"202cb962ac59075b964b07152d234b70", true, true},
    {"sha1$$40bd001563085fc35165329ea1ff5c5ecbdbbeef", true, true},
    {"", false, false},
    {"!x", false, false},
    {"plain", false, false},
    {NULL, false, false},
};

static void
test_must_rehash(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rehashes / sizeof *rehashes; i++) {
		const char *stored = rehashes[i].stored;

		assert_false(password_must_rehash(&all, REHASH_OFF, stored));
		if (password_must_rehash(&all, REHASH_DJANGO, stored) != rehashes[i].django)
			fail_msg("django: %s", stored);
		if (password_must_rehash(&all, REHASH_UPGRADE, stored) != rehashes[i].upgrade)
			fail_msg("upgrade: %s", stored);
	}
	assert_false(password_must_rehash(
	    &usual, REHASH_DJANGO, "sha1$$40bd001563085fc35165329ea1ff5c5ecbdbbeef"));
}

static void
test_hash(void **state)
{
	char *stored = password_hash(arena, &usual, bytes_of("l\303\250tmein"));

	(void)state;
	assert_non_null(stored);
	assert_int_equal(strlen(salt22), strlen(stored));
	assert_memory_equal("pbkdf2_sha256$1000$", stored, 19);
	assert_int_equal(VERDICT_YES, verify(&usual, "l\303\250tmein", stored));
	assert_int_equal(VERDICT_NO, verify(&usual, "letmein", stored));
	assert_false(password_must_rehash(&usual, REHASH_DJANGO, stored));
	assert_int_equal(1000, password_cost(stored));
	stored = password_hash(arena, &usual, (struct bytes){NULL, 0});
	assert_int_equal(VERDICT_YES, verify(&usual, "", stored));
}

/* Of 88,000 characters each of the 62 comes 1419 times, give or take 37; six sigmas are allowed. */
static void
test_salts(void **state)
{
	const struct password_policy cheap = {.iterations = 1};
	static int count[256];
	int seen = 0;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		const char *stored = password_hash(arena, &cheap, bytes_of("x"));

		for (int j = 16; j < 38; j++)
			count[(unsigned char)stored[j]]++;
		arena_reset(arena);
	}
	for (int c = 0; c < 256; c++) {
		if (!count[c])
			continue;
		assert_true(
		    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
		assert_in_range(count[c], 1197, 1641);
		seen++;
	}
	assert_int_equal(62, seen);
}

/* RFC 7914 section 11, the first 32 of 64 bytes */
static void
test_pbkdf2_vectors(void **state)
{
	static const unsigned char first[] = {0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f, 0xec,
	    0x16, 0x91, 0xc2, 0x25, 0x44, 0xb6, 0x05, 0xf9, 0x41, 0x85, 0x21, 0x6d, 0xde, 0x04,
	    0x65, 0xe6, 0x8b, 0x9d, 0x57, 0xc2, 0x0d, 0xac, 0xbc};
	static const unsigned char second[] = {0x4d, 0xdc, 0xd8, 0xf6, 0x0b, 0x98, 0xbe, 0x21, 0x83,
	    0x0c, 0xee, 0x5e, 0xf2, 0x27, 0x01, 0xf9, 0x64, 0x1a, 0x44, 0x18, 0xd0, 0x4c, 0x04,
	    0x14, 0xae, 0xff, 0x08, 0x87, 0x6b, 0x34, 0xab, 0x56};
	unsigned char out[PBKDF2_SHA256_SIZE];

	(void)state;
	assert_true(pbkdf2_sha256(bytes_of("passwd"), bytes_of("salt"), 1, out));
	assert_memory_equal(first, out, sizeof out);
	assert_true(pbkdf2_sha256(bytes_of("Password"), bytes_of("NaCl"), 80000, out));
	assert_memory_equal(second, out, sizeof out);
}

static void
assert_same_as_openssl(struct bytes password, struct bytes salt, int iterations)
{
	unsigned char ours[PBKDF2_SHA256_SIZE], theirs[PBKDF2_SHA256_SIZE];

	assert_true(pbkdf2_sha256(password, salt, iterations, ours));
	assert_int_equal(1,
	    PKCS5_PBKDF2_HMAC(password.data, (int)password.length, (const unsigned char *)salt.data,
		(int)salt.length, iterations, EVP_sha256(), sizeof theirs, theirs));
	assert_memory_equal(theirs, ours, sizeof ours);
}

static void
test_pbkdf2_random(void **state)
{
	unsigned char random[512];

	(void)state;
	for (size_t i = 0; i < 3000; i += step(15)) {
		struct bytes password = {(char *)random, i % 201};
		struct bytes salt = {(char *)random + 256, 0};

		assert_int_equal(1, RAND_bytes(random, sizeof random));
		salt.length = random[510] % 200U + 1;
		assert_same_as_openssl(password, salt, random[509] % 50 + 1);
	}
}

static int times_given_way;

/* Before libc's. */
int
sched_yield(void)
{
	times_given_way++;
	return 0;
}

/* Several times a millisecond, wherever the loop is our own. */
static void
test_pbkdf2_gives_way(void **state)
{
	unsigned char out[PBKDF2_SHA256_SIZE];

	(void)state;
#ifndef HAVE_SHA256_TRANSFORM
	skip();
#endif
	times_given_way = 0;
	assert_true(pbkdf2_sha256(bytes_of("passwd"), bytes_of("salt"), 1000, out));
	assert_int_equal(times_given_way, 0);
	assert_true(pbkdf2_sha256(bytes_of("passwd"), bytes_of("salt"), 80000, out));
	assert_in_range(times_given_way, 10, 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_bcrypt_cut),
	    cmocka_unit_test(test_argon2_salt),
	    cmocka_unit_test(test_bare_argon2),
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_mutations),
	    cmocka_unit_test(test_broken),
	    cmocka_unit_test(test_long_strings),
	    cmocka_unit_test(test_nul),
	    cmocka_unit_test(test_spent),
	    cmocka_unit_test(test_spend),
	    cmocka_unit_test(test_cost),
	    cmocka_unit_test(test_must_rehash),
	    cmocka_unit_test_setup_teardown(test_hash, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_salts, arena_setup, arena_teardown),
	    cmocka_unit_test(test_pbkdf2_vectors),
	    cmocka_unit_test(test_pbkdf2_random),
	    cmocka_unit_test(test_pbkdf2_gives_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
