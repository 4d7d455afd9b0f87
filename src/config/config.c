#include "config/config.h"

#include "base/file.h"
#include "base/log.h"
#include "config/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "jwt-fcgi.conf"

static struct arena *memory;

const char *
config_environment(const char *name)
{
	return getenv(name);
}

/* Shells and systemd remove quotes; this parser and containers' environment files keep them. */
static void
warn_of_quotes(const char *name, const char *value)
{
	size_t length = strlen(value);

	if (length > 1 && (*value == '"' || *value == '\'') && value[length - 1] == *value)
		log_warning(
		    "%s: begins and ends with a quotation mark, which is part of the value", name);
}

/* Stores a value in its field; after a fault, which is logged, the default. */
static bool
take_value(struct config *config, const struct setting *setting, const char *value)
{
	/* The database's URL is refused later if it is in quotes. */
	if ((setting->type == SETTING_SECRET || setting->type == SETTING_TEXT) &&
	    setting->offset != offsetof(struct config, database_url))
		warn_of_quotes(setting->name, value);
	if (setting_parse(memory, setting, value, config))
		return true;
	if (setting->initial != NULL)
		setting_parse(memory, setting, setting->initial, config);
	return false;
}

/* Parses one line of a file; skips blank lines and those that begin with #. */
static bool
parse_line(struct config *config, const char *file, int number, char *line)
{
	char *value = strchr(line, '=');
	const struct setting *setting;
	struct bytes name;

	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return true;
	name = (struct bytes){line, value == NULL ? strlen(line) : (size_t)(value - line)};
	setting = setting_find(name);
	if (value != NULL && setting != NULL &&
	    setting->offset != offsetof(struct config, config_file))
		return take_value(config, setting, value + 1);
	if (value != NULL && name.length > 2 && strncmp(line, "PG", 2) == 0) {
		*value = '\0';
		warn_of_quotes(line, value + 1);
		return setenv(line, value + 1, 0) == 0;
	}
	log_error("%s line %d: no such setting: %s", file, number, log_quote(memory, name));
	return false;
}

/* Sets *good to false if a line has a fault. Returns false if the file cannot be read. */
static bool
load_file(struct config *config, const char *file, bool required, bool *good)
{
	struct bytes text;
	const char *why;
	char *rest, *line;

	if (!file_read_secret(memory, file, &text, &why)) {
		if (!required && errno == ENOENT)
			return true;
		log_error("configuration file %s: %s", file, why);
		return false;
	}
	if (memchr(text.data, '\0', text.length) != NULL) {
		log_error("configuration file %s: contains a NUL byte", file);
		return false;
	}
	config->config_file = file;
	rest = arena_copy(memory, text.data, text.length);
	for (int number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
		line[strcspn(line, "\r")] = '\0';
		*good = parse_line(config, file, number, line) && *good;
	}
	return true;
}

/* The file beside the program, for hosts that pass no environment (suEXEC). */
static bool
load_default_file(struct config *config, bool *good)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof(FILE_NAME));
	char *slash;

	if (length < 0)
		return true;
	path[length] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash == NULL ? path : slash + 1, FILE_NAME, sizeof(FILE_NAME));
	return load_file(config, arena_copy(memory, path, strlen(path)), false, good);
}

static bool
load_environment(struct config *config)
{
	bool good = true;

	for (char **variable = environ; *variable != NULL; variable++) {
		char *value = strchr(*variable, '=');
		const struct setting *setting;
		struct bytes name;

		if (value == NULL || strncmp(*variable, "JWT_", 4) != 0)
			continue;
		name = (struct bytes){*variable, (size_t)(value - *variable)};
		setting = setting_find(name);
		if (setting == NULL) {
			log_error("no such setting: %s", log_quote(memory, name));
			good = false;
			continue;
		}
		value++;
		if (!take_value(config, setting, arena_copy(memory, value, strlen(value))))
			good = false;
		if (setting->type == SETTING_SECRET)
			explicit_bzero(value, strlen(value));
	}
	return good;
}

/* Hosting platforms set DATABASE_URL. */
static void
load_platform(struct config *config)
{
	char *url = getenv("DATABASE_URL");
	const char *preferred = config->database_url != NULL   ? "JWT_DATABASE_URL"
				: getenv("PGHOST") != NULL     ? "PGHOST"
				: getenv("PGSERVICE") != NULL  ? "PGSERVICE"
				: getenv("PGDATABASE") != NULL ? "PGDATABASE"
							       : NULL;

	config->database_url_setting = "JWT_DATABASE_URL";
	if (url == NULL || *url == '\0')
		return;
	if (preferred != NULL) {
		log_notice("DATABASE_URL is not used: %s is set", preferred);
		return;
	}
	config->database_url_setting = "DATABASE_URL";
	config->database_url = arena_copy(memory, url, strlen(url));
	explicit_bzero(url, strlen(url));
}

/* Sets the fields that are derived from settings. */
static void
derive(struct config *config)
{
	const char *compat = config->compat_name, *cookie = config->refresh_cookie_mode;

	config->compat = strcmp(compat, "5.2") == 0     ? COMPAT_5_2
			 : strcmp(compat, "5.5.0") == 0 ? COMPAT_5_5_0
			 : strcmp(compat, "5.5") == 0   ? COMPAT_5_5
							: COMPAT_HEAD;
	/* SimpleJWT 5.2 does not have these two settings. */
	if (config->compat == COMPAT_5_2) {
		config->check_revoke_token = false;
		config->check_user_is_active = true;
	}
	config->refresh_cookie = strcmp(cookie, "on") == 0         ? REFRESH_COOKIE_ON
				 : strcmp(cookie, "insecure") == 0 ? REFRESH_COOKIE_INSECURE
								   : REFRESH_COOKIE_OFF;
	/* Default: the audience of all tokens, or else the issuer. */
	if (config->oidc_issuer != NULL && config->oidc_audience == NULL)
		config->oidc_audience =
		    config->audience != NULL ? config->audience : config->oidc_issuer;
}

static struct config *
read_all(const char *file, bool *good)
{
	struct config *config;
	const char *named = file != NULL ? file : getenv("JWT_CONFIG_FILE");

	arena_free(memory);
	memory = arena_new();
	config = arena_alloc(memory, sizeof(*config));
	*good = true;
	for (const struct setting *setting = settings; setting->name != NULL; setting++)
		if (setting->initial != NULL)
			setting_parse(memory, setting, setting->initial, config);
	if (named != NULL && *named != '\0' ? !load_file(config, named, true, good)
					    : !load_default_file(config, good))
		return NULL;
	*good = load_environment(config) && *good;
	*good = settings_agree(memory, config) && *good;
	load_platform(config);
	derive(config);
	return config;
}

const struct config *
config_load(const char *file)
{
	bool good;
	const struct config *config = read_all(file, &good);

	return good ? config : NULL;
}

const struct config *
config_examine(const char *file, bool *good)
{
	struct config *config = read_all(file, good);

	if (config != NULL)
		config->check_only = true;
	return config;
}

void
config_print(const struct config *config, FILE *out)
{
	for (const struct setting *setting = settings; setting->name != NULL; setting++)
		setting_print(setting, config, out);
}

void
config_help(FILE *out)
{
	for (const struct setting *setting = settings; setting->name != NULL; setting++) {
		const char *unit = setting->type == SETTING_SECONDS ? " s" : "";

		fprintf(out, "  %s", setting->name);
		if (setting->initial != NULL)
			fprintf(out, " (%s%s)", setting->initial, unit);
		fprintf(out, "\n        %s", setting->meaning);
		if (setting->values != NULL)
			fprintf(out, " [%s%s]", setting->values, unit);
		fputc('\n', out);
	}
}
