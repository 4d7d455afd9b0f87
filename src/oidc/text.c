#include "oidc/text.h"

#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"

#include <dirent.h>
#include <errno.h>

#define SUFFIX      ".txt"
#define TAG_MAXIMUM 35 /* RFC 5646 section 4.4.1 */
#define TAG_BYTES   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
#define WEIGHT_ONE  1000 /* weights are in thousandths */

struct entry {
	const char *key, *text;
	struct entry *next;
};

struct language {
	const char *tag;
	struct entry *entries;
	const struct language *next;
};

/* The same texts as texts/en.txt, which translators start from. */
static const struct entry english[] = {
    {.key = "direction", .text = "ltr"},
    {.key = "login.title", .text = "Log in"},
    {.key = "login.for", .text = "to continue to {}"},
    {.key = "login.name", .text = "User name"},
    {.key = "login.password", .text = "Password"},
    {.key = "login.button", .text = "Log in"},
    {.key = "login.wrong", .text = "User name or password is wrong. Please try again."},
    {.key = "login.again", .text = "The form has expired. Please log in again."},
    {.key = "login.wait", .text = "Too many attempts. Please try again in {} s."},
    {.key = "login.wait_minutes", .text = "Too many attempts. Please try again in {} min."},
    {.key = "consent.title", .text = "Allow access?"},
    {.key = "consent.who", .text = "{} asks for permission to"},
    {.key = "consent.user", .text = "You are logged in as {}."},
    {.key = "consent.where", .text = "You will be sent to {}."},
    {.key = "consent.allow", .text = "Allow"},
    {.key = "consent.refuse", .text = "Do not allow"},
    {.key = "scope.openid", .text = "recognise your account"},
    {.key = "scope.profile", .text = "see your name"},
    {.key = "scope.email", .text = "see your email address"},
    {.key = "scope.offline_access",
	.text = "keep this access when you are not using the application"},
    {.key = "scope", .text = "use “{}”"},
    {.key = "logout.title", .text = "Log out?"},
    {.key = "logout.text", .text = "You are logged in as {}."},
    {.key = "logout.button", .text = "Log out"},
    {.key = "logout.done", .text = "You are logged out"},
    {.key = "logout.close", .text = "You can close this page now."},
    {.key = "post.title", .text = "One moment"},
    {.key = "post.text",
	.text =
	    "You are being sent back to the application. If nothing happens, press the button."},
    {.key = "post.button", .text = "Continue"},
    {.key = "error.title", .text = "That did not work"},
    {.key = "error.request", .text = "The request cannot be read, or it is too long."},
    {.key = "error.client", .text = "This site does not know the application that sent you here."},
    {.key = "error.redirect_uri",
	.text = "The application wants you to return to an address that is not registered for it."},
    {.key = "error.method", .text = "This page is part of a login and cannot be opened by itself."},
    {.key = "error.unavailable",
	.text =
	    "The service cannot be reached at the moment. Please reload the page in a few seconds."},
    {.key = "error.back", .text = "Please go back to the application and start again."},
};

static const struct language compiled = {.tag = "en"};
static const struct language *languages = &compiled; /* the others are read at start */

static const char *
find(const struct language *language, const char *key)
{
	for (struct entry *entry = language->entries; entry != NULL; entry = entry->next)
		if (strcmp(entry->key, key) == 0)
			return entry->text;
	return NULL;
}

const char *
text_of(const struct language *language, const char *key)
{
	const char *text = find(language, key);

	for (size_t i = 0; text == NULL && i < sizeof(english) / sizeof(*english); i++)
		if (strcmp(english[i].key, key) == 0)
			text = english[i].text;
	return text;
}

const char *
text_with(struct arena *arena, const struct language *language, const char *key, const char *value)
{
	const char *text = text_of(language, key), *gap = strstr(text, "{}");

	if (gap == NULL)
		return text;
	return arena_printf(arena, "%.*s%s%s", (int)(gap - text), text, value, gap + 2);
}

const char *
text_tag(const struct language *language)
{
	return language->tag;
}

static void
put(struct language *language, struct bytes key, struct bytes text)
{
	struct arena *arena = arena_of_process();
	struct entry *entry = arena_alloc(arena, sizeof(*entry));

	entry->key = arena_copy(arena, key.data, key.length);
	entry->text = arena_copy(arena, text.data, text.length);
	entry->next = language->entries;
	language->entries = entry;
}

size_t
text_add(const char *tag, struct bytes content)
{
	struct arena *arena = arena_of_process();
	struct language *language = arena_alloc(arena, sizeof(*language));
	struct bytes line, key;

	language->tag = arena_copy(arena, tag, strlen(tag));
	for (size_t number = 1; content.length > 0; number++) {
		bytes_cut(&content, "\n", &line);
		line = bytes_strip(line);
		if (line.length == 0 || line.data[0] == '#')
			continue;
		if (utf8_valid(line) < line.length || memchr(line.data, '\0', line.length) ||
		    !bytes_cut(&line, "=", &key))
			return number;
		put(language, bytes_strip(key), bytes_strip(line));
	}
	language->next = languages;
	languages = language;
	return 0;
}

static bool
read_file(const char *folder, const char *name)
{
	struct arena *arena = arena_new();
	const char *path = arena_printf(arena, "%s/%s", folder, name), *why;
	size_t length = strlen(name) - strlen(SUFFIX), wrong = 0;
	struct file_access access;
	struct bytes content;
	bool read = file_read(arena, path, &content, &access, &why);

	if (!read)
		log_error("%s: %s", path, why);
	else
		wrong = text_add(arena_copy(arena, name, length), content);
	if (wrong > 0)
		log_error("%s:%zu: not a line of UTF-8 such as key = text", path, wrong);
	arena_free(arena);
	return read && wrong == 0;
}

/* Not every file of the folder is a language: a README, an editor's copy. */
static bool
is_language(const char *name)
{
	size_t length = strspn(name, TAG_BYTES);

	return length > 0 && length <= TAG_MAXIMUM && strcmp(name + length, SUFFIX) == 0;
}

bool
text_open(const struct config *config)
{
	const char *path = config->oidc_text_dir == NULL ? TEXT_DIR : config->oidc_text_dir;
	DIR *folder = opendir(path);
	bool good = folder != NULL || config->oidc_text_dir == NULL;

	if (!good)
		log_error("JWT_OIDC_TEXT_DIR: %s: %s", path, strerror(errno));
	for (struct dirent *file; folder != NULL && (file = readdir(folder)) != NULL;)
		if (is_language(file->d_name))
			good = read_file(path, file->d_name) && good;
	if (folder != NULL)
		closedir(folder);
	return good;
}

/* RFC 4647 section 3.4: the range itself, then without its last part, and so on. */
static const struct language *
look_up(struct bytes range)
{
	while (range.length > 0) {
		const struct language *at = languages;

		while (at != NULL && !bytes_equal_case(range, at->tag))
			at = at->next;
		if (at != NULL)
			return at;
		while (range.length > 0 && range.data[range.length - 1] != '-')
			range.length--;
		if (range.length > 0)
			range.length--;
	}
	return NULL;
}

/*
 * The weight "q=0.8" is 800; of an empty parameter 1000, of a malformed one or one above 1 it is 0
 * (RFC 9110 section 12.4.2). A fourth decimal and what follows are ignored.
 */
static long
weight_of(struct bytes parameter)
{
	long weight = 0, digit = WEIGHT_ONE;

	parameter = bytes_strip(parameter);
	if (parameter.length == 0)
		return WEIGHT_ONE;
	if (parameter.length < 3 || strncasecmp(parameter.data, "q=", 2) != 0)
		return 0;
	for (size_t i = 2; i < parameter.length && digit > 0; i++) {
		char byte = parameter.data[i];

		if (i == 3 && byte == '.')
			continue;
		if (i == 3 || byte < '0' || byte > '9')
			return 0;
		weight += (byte - '0') * digit;
		digit /= 10;
	}
	return weight <= WEIGHT_ONE ? weight : 0;
}

const struct language *
text_language(const char *ui_locales, const char *accept_language)
{
	const struct language *found = NULL, *one;
	struct bytes rest = bytes_of(ui_locales), item, range;
	long best = 0, weight;

	while (found == NULL && bytes_word(&rest, &range))
		found = look_up(range);
	if (found != NULL)
		return found;
	rest = bytes_of(accept_language);
	while (rest.length > 0) {
		bytes_cut(&rest, ",", &item);
		bytes_cut(&item, ";", &range);
		weight = weight_of(item); /* of no bytes without a parameter */
		one = look_up(bytes_strip(range));
		if (one == NULL || weight <= best)
			continue;
		best = weight;
		found = one;
	}
	return found == NULL ? look_up(bytes_of("en")) : found;
}
