/*
 * The table of settings: the one place where a setting's name, type, default, range and meaning
 * stand.
 */
#pragma once

#include "base/bytes.h"
#include "config/config.h"

enum setting_type {
	SETTING_TEXT,    /* const char *; an empty value is NULL */
	SETTING_SECRET,  /* the same, never shown and wiped from the environment */
	SETTING_NUMBER,  /* long, in the range of values */
	SETTING_SECONDS, /* the same, in seconds */
	SETTING_SWITCH,  /* bool: on/off, true/false, 1/0 */
	SETTING_CHOICE,  /* const char *, one of the words in values */
	SETTING_LIST,    /* const char *const *: words between commas, of values if given */
	SETTING_NAME,    /* const char *: a claim or column; letters, digits, _ and some more */
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;       /* in struct config */
	const char *initial; /* the default, parsed as if it had been given; NULL: not set */
	const char *values;  /* "1 to 300" of a number; else words between blanks; NULL: any */
	const char *meaning;
};

extern const struct setting settings[]; /* a NULL name ends it */

/* The one of that name; NULL if there is none. */
const struct setting *setting_find(struct bytes name);

/* Puts a value, which must last, into its field; false after a line in the log. */
bool setting_parse(struct arena *, const struct setting *, const char *value, struct config *out);

/*
 * Whether the settings can work, each by itself and all of them together; false after a line in the
 * log for each fault.
 */
bool settings_agree(struct arena *, const struct config *);

/* A line NAME=value, secrets masked. */
void setting_print(const struct setting *, const struct config *, FILE *);
