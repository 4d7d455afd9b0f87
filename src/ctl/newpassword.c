#include "ctl/newpassword.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAXIMUM 4096
#define LENGTH_MINIMUM   8
#define INTERRUPT        3 /* Ctrl-C */

/* The most frequent of stolen passwords that have eight characters or more. */
static const char *const worst[] = {"12345678", "123456789", "1234567890", "123123123", "11111111",
    "00000000", "87654321", "987654321", "password", "password1", "password12", "password123",
    "password1234", "passw0rd", "p@ssw0rd", "p@ssword", "qwertyui", "qwertyuiop", "qwerty123",
    "qwerty12", "qwerty1234", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "q1w2e3r4", "qazwsxedc",
    "asdfghjk", "asdfghjkl", "zxcvbnm1", "abcd1234", "abc12345", "abcdefgh", "a1b2c3d4", "aa123456",
    "iloveyou", "iloveyou1", "sunshine", "princess", "princess1", "football", "football1",
    "baseball", "baseball1", "superman", "superman1", "batman123", "trustno1", "starwars",
    "whatever", "welcome1", "welcome123", "letmein1", "letmein123", "changeme", "changeme1",
    "changeme123", "computer", "internet", "michelle", "jennifer", "charlie1", "jordan23",
    "corvette", "mercedes", "maverick", "midnight", "swordfish", "steelers", "liverpool",
    "arsenal1", "chelsea1", "admin123", "admin1234", "administrator", "adminadmin", "root1234",
    "test1234", "testtest", "guest123", "default1", "temp1234", "secret123", "mypassword",
    "pokemon1", "dragon123", "monkey123", "shadow123", "master123", "hello123", "hunter22",
    "fuckyou1", "blink182", "myspace1", "linkedin", "facebook", "google123", "samsung1", "qwer1234",
    "asdf1234", "zaq12wsx", "passwort", "motdepasse", "contrasena", "contrasenya", "geheim123",
    "hallo123", NULL};

/* Why the password is easily guessed; NULL if it is not. */
static const char *
weakness(struct invocation const *invocation, struct bytes password, const char *name)
{
	const char *text = arena_copy(invocation->arena, password.data, password.length);

	if (utf8_count(password) < LENGTH_MINIMUM)
		return "it has less than eight characters";
	if (text[strspn(text, "0123456789")] == '\0')
		return "it is a number";
	for (const char *const *bad = worst; *bad != NULL; bad++)
		if (strcasecmp(text, *bad) == 0)
			return "it is among those that are tried first";
	if (name != NULL && strlen(name) >= 3 &&
	    (strcasestr(text, name) != NULL || strcasestr(name, text) != NULL))
		return "it is too much like the name";
	return NULL;
}

/* Why no login could send this password, so that --weak does not admit it; NULL if one could. */
static const char *
uselessness(const struct invocation *invocation, struct bytes password)
{
	if (password.length == 0)
		return "it is empty";
	if (memchr(password.data, '\0', password.length) != NULL)
		return "it has a NUL";
	if (utf8_valid(password) < password.length)
		return "it is not UTF-8";
	if (invocation->config->password_trim && utf8_strip(password).length < password.length)
		return "it begins or ends with white space, which a login drops (JWT_PASSWORD_TRIM)";
	return NULL;
}

/* One line of the terminal without echo. */
static bool
prompt(const struct invocation *invocation, const char *question, struct bytes *out)
{
	char line[PASSWORD_MAXIMUM];
	struct termios before, silent;
	size_t length = 0;
	ssize_t got = 0;
	bool given;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return false;
	silent = before;
	/* Without signals, so that an interrupt does not leave the terminal without echo. */
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	silent.c_cc[VEOL] = INTERRUPT;
	silent.c_lflag |= ECHONL;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fputs(question, stderr);
	while (length < sizeof(line) && (got = read(STDIN_FILENO, line + length, 1)) == 1 &&
	       line[length] != '\n' && line[length] != INTERRUPT)
		length++;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	given = got == 1 && length < sizeof(line) && line[length] == '\n';
	*out = (struct bytes){arena_copy(invocation->arena, line, length), length};
	explicit_bzero(line, sizeof(line));
	if (!given)
		command_error(invocation, "no password was given");
	return given;
}

static bool
read_password(const struct invocation *invocation, struct bytes *out)
{
	struct bytes again;

	if (!isatty(STDIN_FILENO))
		return command_read_line(invocation, PASSWORD_MAXIMUM, out);
	if (!prompt(invocation, "Password: ", out) || !prompt(invocation, "Again: ", &again))
		return false;
	if (bytes_same(*out, again))
		return true;
	command_error(invocation, "these were two different passwords");
	return false;
}

bool
newpassword_ask(const struct invocation *invocation, struct bytes *out)
{
	return isatty(STDIN_FILENO) ? prompt(invocation, "Password: ", out)
				    : command_read_line(invocation, PASSWORD_MAXIMUM, out);
}

bool
newpassword_read(const struct invocation *invocation, const char *name, struct bytes *out)
{
	const char *why;

	if (!read_password(invocation, out))
		return false;
	why = uselessness(invocation, *out);
	if (why == NULL && command_value(invocation, "weak") == NULL)
		why = weakness(invocation, *out, name);
	if (why != NULL)
		command_error(invocation, "not this password: %s", why);
	return why == NULL;
}
