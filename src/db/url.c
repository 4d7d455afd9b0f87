#include "db/url.h"

#include "base/bytes.h"
#include "base/log.h"
#include "config/config.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

static bool
is_url(const char *text)
{
	return strncmp(text, "postgresql://", 13) == 0 || strncmp(text, "postgres://", 11) == 0;
}

/*
 * The name of an unknown option, from libpq's message. NULL if the name could be part of a password
 * that is not escaped: if there is an @ or a password among the options.
 */
static const char *
unknown_option(struct arena *arena, const char *url, const char *message)
{
	const char *query = is_url(url) ? strchr(url, '?') : url;
	const char *name = strchr(message, '"');
	size_t length = name == NULL ? 0 : strspn(name + 1, "abcdefghijklmnopqrstuvwxyz_");

	if (query == NULL || strchr(query, '@') != NULL || strcasestr(query, "pass") != NULL)
		return NULL;
	return length > 0 && name[length + 1] == '"' ? arena_copy(arena, name + 1, length) : NULL;
}

/* Why libpq cannot parse it, without any of the values. */
static const char *
reason(struct arena *arena, const char *url, const char *message)
{
	size_t scheme =
	    strspn(url, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+");
	const char *name = NULL;

	if (url[0] == '"' || url[0] == '\'')
		return "begins with a quotation mark; quotes are part of a value";
	if (isspace((unsigned char)url[0]))
		return "begins with a blank";
	if (!is_url(url) && url[scheme] == ':')
		return arena_printf(arena,
		    "begins with \"%.*s:\"; postgresql:// or postgres:// is expected",
		    (int)(scheme < 20 ? scheme : 20), url);
	if (strncmp(message, "invalid URI query parameter", 27) == 0 ||
	    strncmp(message, "invalid connection option", 25) == 0)
		name = unknown_option(arena, url, message);
	if (name != NULL)
		return arena_printf(arena, "invalid connection option: \"%s\"", name);
	if (!is_url(url))
		return "is neither a postgresql:// URL nor a list of keyword=value as libpq reads it";
	/* Without the text that libpq quotes at the end of its message. */
	return arena_copy(arena, message,
	    strstr(message, ": \"") != NULL ? (size_t)(strstr(message, ": \"") - message)
					    : strcspn(message, "\""));
}

/* With an unescaped slash in a password, part of the password is parsed as the port. */
static bool
is_port(const PQconninfoOption *option)
{
	return strcmp(option->keyword, "port") != 0 ||
	       option->val[strspn(option->val, "0123456789,")] == '\0';
}

static bool
take_option(const char *setting, const PQconninfoOption *option, struct url_options *rest)
{
	const char *existing = option->envvar == NULL ? NULL : config_environment(option->envvar);
	size_t count = 0;

	if (!is_port(option)) {
		log_error(
		    "%s: the port is not a number; a / in a password is written %%2F", setting);
		return false;
	}
	if (existing != NULL && strcmp(existing, option->val) != 0)
		log_notice(
		    "%s: not used for %s: %s is set", setting, option->keyword, option->envvar);
	if (option->envvar != NULL)
		return setenv(option->envvar, option->val, 0) == 0;
	while (rest->names[count] != NULL)
		count++;
	if (count < URL_OPTIONS_MAXIMUM) {
		rest->names[count] = option->keyword;
		rest->values[count] =
		    arena_copy(arena_of_process(), option->val, strlen(option->val));
	}
	return true;
}

bool
url_read(const char *setting, const char *url, struct url_options *rest)
{
	struct arena *arena = arena_new();
	char *message = NULL;
	PQconninfoOption *options = url == NULL ? NULL : PQconninfoParse(url, &message);
	bool good = url == NULL || options != NULL;

	*rest = (struct url_options){.names = {NULL}};
	if (!good)
		log_error(
		    "%s: %s", setting, reason(arena, url, message == NULL ? "no memory" : message));
	for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
	     option++)
		if (option->val != NULL) {
			good = take_option(setting, option, rest) && good;
			explicit_bzero(option->val, strlen(option->val));
		}
	PQconninfoFree(options);
	if (message != NULL)
		explicit_bzero(message, strlen(message));
	PQfreemem(message);
	arena_free(arena);
	return good;
}
