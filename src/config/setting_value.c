/*
 * Parses and prints the value of one setting.
 */
#include "base/log.h"
#include "config/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct setting *
setting_find(struct bytes name)
{
	for (const struct setting *setting = settings; setting->name != NULL; setting++)
		if (bytes_equal(name, setting->name))
			return setting;
	return NULL;
}

/* Whether the word is in a list separated by spaces. */
static bool
is_among(const char *choices, const char *word)
{
	size_t length = strlen(word);
	const char *at = length == 0 || strchr(word, ' ') != NULL ? NULL : strstr(choices, word);

	for (; at != NULL; at = strstr(at + 1, word))
		if ((at == choices || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static bool
parse_number(struct arena *memory, const struct setting *setting, const char *value, long *out)
{
	long minimum, maximum;
	char *end;

	errno = 0;
	*out = strtol(value, &end, 10);
	if (isdigit((unsigned char)*value) && *end == '\0' && errno == 0 &&
	    sscanf(setting->values, "%ld to %ld", &minimum, &maximum) == 2 && *out >= minimum &&
	    *out <= maximum)
		return true;
	log_error("%s: %s is not a number%s from %s", setting->name,
	    log_quote(memory, bytes_of(value)),
	    setting->type == SETTING_SECONDS ? " of seconds" : "", setting->values);
	return false;
}

static bool
parse_switch(struct arena *memory, const struct setting *setting, const char *value, bool *out)
{
	*out = is_among("on true True 1", value);
	if (*out || is_among("off false False 0", value))
		return true;
	log_error(
	    "%s: %s is neither on nor off", setting->name, log_quote(memory, bytes_of(value)));
	return false;
}

static bool
parse_choice(
    struct arena *memory, const struct setting *setting, const char *value, const char **out)
{
	*out = value;
	if (is_among(setting->values, value))
		return true;
	log_error("%s: %s is none of: %s", setting->name, log_quote(memory, bytes_of(value)),
	    setting->values);
	return false;
}

static bool
parse_list(
    struct arena *memory, const struct setting *setting, const char *value, const char *const **out)
{
	const char **words = arena_alloc(memory, (strlen(value) / 2 + 2) * sizeof(*words));
	char *rest = arena_copy(memory, value, strlen(value));
	size_t count = 0;
	char *word;

	*out = NULL;
	if (*value == '\0' && setting->initial == NULL)
		return true;
	while ((word = strsep(&rest, ",")) != NULL) {
		word += strspn(word, " ");
		word[strcspn(word, " ")] = '\0';
		if (*word == '\0') {
			log_error("%s: an empty word in the list", setting->name);
			return false;
		}
		if (setting->values != NULL && !parse_choice(memory, setting, word, &words[count]))
			return false;
		words[count++] = word;
	}
	*out = words;
	return true;
}

/* Names of claims (for JSON) and of columns (for SQL). Only tokens' ids may have no name. */
static bool
parse_name(struct arena *memory, const struct setting *setting, const char *value, const char **out)
{
	*out = *value == '\0' ? NULL : value;
	if (*out == NULL && setting->offset != offsetof(struct config, jti_claim)) {
		log_error("%s: must not be empty", setting->name);
		return false;
	}
	for (const char *at = value; *at != '\0'; at++) {
		if (isalnum((unsigned char)*at) || strchr("_-.:/", *at) != NULL)
			continue;
		log_error(
		    "%s: %s is not a name", setting->name, log_quote(memory, bytes_of(value)));
		return false;
	}
	return true;
}

bool
setting_parse(
    struct arena *memory, const struct setting *setting, const char *value, struct config *out)
{
	void *field = (char *)out + setting->offset;

	switch (setting->type) {
	case SETTING_NUMBER:
	case SETTING_SECONDS:
		return parse_number(memory, setting, value, field);
	case SETTING_SWITCH:
		return parse_switch(memory, setting, value, field);
	case SETTING_CHOICE:
		return parse_choice(memory, setting, value, field);
	case SETTING_LIST:
		return parse_list(memory, setting, value, field);
	case SETTING_NAME:
		return parse_name(memory, setting, value, field);
	case SETTING_TEXT:
	case SETTING_SECRET:
		*(const char **)field = *value == '\0' ? NULL : value;
	}
	return true;
}

static void
print_list(const char *const *words, FILE *out)
{
	for (const char *const *word = words; word != NULL && *word != NULL; word++)
		fprintf(out, "%s%s", word == words ? "" : ",", *word);
}

void
setting_print(const struct setting *setting, const struct config *config, FILE *out)
{
	const void *field = (const char *)config + setting->offset;
	const char *text = setting->type == SETTING_NUMBER || setting->type == SETTING_SECONDS ||
				   setting->type == SETTING_SWITCH
			       ? NULL
			       : *(const char *const *)field;

	fprintf(out, "%s=", setting->name);
	if (setting->type == SETTING_SWITCH)
		fputs(*(const bool *)field ? "on" : "off", out);
	else if (setting->type == SETTING_NUMBER || setting->type == SETTING_SECONDS)
		fprintf(out, "%ld", *(const long *)field);
	else if (setting->type == SETTING_LIST)
		print_list(*(const char *const *const *)field, out);
	else if (text != NULL)
		fputs(setting->type == SETTING_SECRET ? "********" : text, out);
	fputc('\n', out);
}
