#include "config/config.h"

#include "base/address.h"
#include "base/file.h"
#include "base/log.h"
#include "config/claim_names.h"
#include "config/oidc_settings.h"
#include "config/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "jwt-fcgi.conf"

static struct arena *memory; /* lives as long as the process */

const char *
config_environment(const char *name)
{
	return getenv(name);
}

/* A shell and systemd drop quotes; here, and in the environment files of containers, they stay. */
static void
warn_of_quotes(const char *name, const char *value)
{
	size_t length = strlen(value);

	if (length > 1 && (*value == '"' || *value == '\'') && value[length - 1] == *value)
		log_warning(
		    "%s: begins and ends with a quotation mark, which is part of the value", name);
}

/* Puts a value into its field; after a fault, which is logged, the default. */
static bool
take_value(struct config *config, const struct setting *setting, const char *value)
{
	/* A URL in quotes is refused later. */
	if ((setting->type == SETTING_SECRET || setting->type == SETTING_TEXT) &&
	    setting->offset != offsetof(struct config, database_url))
		warn_of_quotes(setting->name, value);
	if (setting_parse(memory, setting, value, config))
		return true;
	if (setting->initial != NULL)
		setting_parse(memory, setting, setting->initial, config);
	return false;
}

/* One line NAME=value of a file; blank lines and those that begin with # are passed over. */
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

/* Sets *good to false for a line with a fault; false if the file cannot be read. */
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
		log_error("configuration file %s: has a NUL inside", file);
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

/* The file beside the program, for hosts that pass no environment on (suEXEC). */
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

/* DATABASE_URL is the name that platforms use. */
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

static bool
keys_agree(const struct config *config)
{
	const char *single = config->signing_key != NULL          ? "JWT_SIGNING_KEY"
			     : config->signing_key_file != NULL   ? "JWT_SIGNING_KEY_FILE"
			     : config->verifying_key != NULL      ? "JWT_VERIFYING_KEY"
			     : config->verifying_key_file != NULL ? "JWT_VERIFYING_KEY_FILE"
								  : NULL;

	if (config->key_dir == NULL || single == NULL || config->oidc_issuer != NULL)
		return true;
	log_error("JWT_KEY_DIR and %s are both set: keep one; an earlier key goes into the "
		  "folder's retired/",
	    single);
	return false;
}

/* Networks, or one number of proxies from 1 to 9. */
static bool
are_proxies(const char *const *words)
{
	struct network network;

	if (words == NULL ||
	    (words[0][0] >= '1' && words[0][0] <= '9' && words[0][1] == '\0' && words[1] == NULL))
		return true;
	for (; *words != NULL; words++)
		if (!address_parse_network(*words, &network)) {
			log_error(
			    "JWT_TRUSTED_PROXIES: %s is not a network such as 10.0.0.0/8; one "
			    "number from 1 to 9 stands alone",
			    log_quote(memory, bytes_of(*words)));
			return false;
		}
	return true;
}

/* As browsers write them: a scheme, a host in lower case, and a port if it is not the scheme's. */
static bool
are_origins(const char *const *words)
{
	for (; words != NULL && *words != NULL; words++) {
		const char *host = strncmp(*words, "https://", 8) == 0  ? *words + 8
				   : strncmp(*words, "http://", 7) == 0 ? *words + 7
									: "";
		const char *allowed = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";

		if (*host == '\0' || host[strspn(host, allowed)] != '\0') {
			log_error("JWT_REFRESH_COOKIE_ORIGINS: %s is not an origin such as "
				  "https://app.example.org",
			    log_quote(memory, bytes_of(*words)));
			return false;
		}
	}
	return true;
}

static bool
names_are_set(const struct config *config)
{
	bool good = true;

	for (const struct setting *setting = settings; setting->name != NULL; setting++)
		if (setting->type == SETTING_NAME && setting->initial != NULL &&
		    setting->offset != offsetof(struct config, jti_claim) &&
		    *(const char *const *)((const char *)config + setting->offset) == NULL) {
			log_error("%s: must not be empty", setting->name);
			good = false;
		}
	return good;
}

/* What each setting allows by itself and yet cannot work together. */
static bool
combinations_agree(const struct config *config)
{
	bool oidc = config->oidc_issuer != NULL;
	const struct {
		bool fault;
		const char *text;
	} faults[] = {
	    {config->blacklist_after_rotation && !config->token_blacklist,
		"JWT_BLACKLIST_AFTER_ROTATION needs JWT_TOKEN_BLACKLIST=on and its tables"},
	    {config->token_blacklist && config->jti_claim == NULL,
		"JWT_TOKEN_BLACKLIST needs a JWT_JTI_CLAIM: tokens are listed by their id"},
	    {(config->user_query == NULL) != (config->user_id_query == NULL),
		"JWT_USER_QUERY and JWT_USER_ID_QUERY: set both or neither"},
	    {strcmp(config->refresh_cookie_mode, "off") != 0 && !config->sessions,
		"JWT_REFRESH_COOKIE needs JWT_SESSIONS=on"},
	    {config->signing_key != NULL && config->signing_key_file != NULL,
		"JWT_SIGNING_KEY and JWT_SIGNING_KEY_FILE are both set: keep one"},
	    {config->verifying_key != NULL && config->verifying_key_file != NULL,
		"JWT_VERIFYING_KEY and JWT_VERIFYING_KEY_FILE are both set: keep one"},
	    {oidc && config->issuer != NULL && strcmp(config->issuer, config->oidc_issuer) != 0,
		"JWT_ISSUER is set and is not JWT_OIDC_ISSUER: tokens have one issuer"},
	    {oidc && config->jti_claim == NULL,
		"JWT_OIDC_ISSUER needs a JWT_JTI_CLAIM: access tokens have an id (RFC 9068)"},
	    {oidc && !config->sessions,
		"JWT_OIDC_ISSUER needs JWT_SESSIONS=on: each login at a client is a session"},
	    {oidc && config->oidc_refresh_maximum < config->oidc_session_lifetime,
		"JWT_OIDC_REFRESH_MAXIMUM is less than JWT_OIDC_SESSION_LIFETIME: a browser that is "
		"logged in would get codes that give no tokens"},
	    {oidc && strcmp(config->auth_header_name, "HTTP_AUTHORIZATION") != 0,
		"JWT_OIDC_ISSUER needs JWT_AUTH_HEADER_NAME=HTTP_AUTHORIZATION, where clients send "
		"their credentials"},
	};
	bool good = true;

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (faults[i].fault) {
			log_error("%s", faults[i].text);
			good = false;
		}
	return good;
}

static bool
settings_agree(const struct config *config)
{
	bool good = names_are_set(config);

	good = combinations_agree(config) && good;
	good = keys_agree(config) && good;
	good = are_proxies(config->trusted_proxies) && good;
	good = are_origins(config->refresh_cookie_origins) && good;
	good = oidc_settings_agree(config) && good;
	return claim_names_agree(config) && good;
}

static void
set_compat(struct config *config)
{
	config->compat = strcmp(config->compat_name, "5.2") == 0   ? COMPAT_5_2
			 : strcmp(config->compat_name, "5.5") == 0 ? COMPAT_5_5
								   : COMPAT_HEAD;
	/* SimpleJWT 5.2 does not know these two. */
	if (config->compat == COMPAT_5_2) {
		config->check_revoke_token = false;
		config->check_user_is_active = true;
	}
}

static void
set_refresh_cookie(struct config *config)
{
	const char *mode = config->refresh_cookie_mode;

	config->refresh_cookie = strcmp(mode, "on") == 0         ? REFRESH_COOKIE_ON
				 : strcmp(mode, "insecure") == 0 ? REFRESH_COOKIE_INSECURE
								 : REFRESH_COOKIE_OFF;
}

/* What is not set is as the settings of all tokens have it. */
static void
set_oidc_audience(struct config *config)
{
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
	*good = settings_agree(config) && *good;
	load_platform(config);
	set_compat(config);
	set_refresh_cookie(config);
	set_oidc_audience(config);
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
