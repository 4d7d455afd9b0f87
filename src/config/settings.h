/*
 * The table of settings: name, type, default, range and meaning of each.
 */
#pragma once

#include "base/bytes.h"
#include "config/config.h"

enum setting_type {
	SETTING_TEXT,    /* const char *, NULL if empty */
	SETTING_SECRET,  /* the same; never printed, wiped from the environment */
	SETTING_NUMBER,  /* long, within the range in `values` */
	SETTING_SECONDS, /* the same, in seconds */
	SETTING_SWITCH,  /* bool: on/off, true/false, 1/0 */
	SETTING_CHOICE,  /* const char *, one of the words in `values` */
	SETTING_LIST,    /* const char *const *, separated by commas; of `values` if set */
	SETTING_NAME,    /* const char *, a claim or column: A-Z a-z 0-9 _ - . : / */
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;       /* in struct config */
	const char *initial; /* the default, as text; NULL: unset */
	const char *values;  /* range "1 to 300" or words separated by spaces; NULL: any */
	const char *meaning;
};

extern const struct setting settings[]; /* ends with a NULL name */

/* The setting of that name, or NULL. */
const struct setting *setting_find(struct bytes name);

/* Stores a value in its field; false after logging the fault. Keeps pointers into `value`. */
bool setting_parse(struct arena *, const struct setting *, const char *value, struct config *out);

/* Whether the settings are valid and fit together. Logs each fault. */
bool settings_agree(struct arena *, const struct config *);

/* Prints a line NAME=value; masks secrets. */
void setting_print(const struct setting *, const struct config *, FILE *);
