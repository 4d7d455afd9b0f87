/*
 * The tokens of a JSON text; internal to json/json.c.
 *
 * It follows the C scanner of CPython 3.11 step by step, because which message a text gets, and for
 * which place, depends on the order of its tests.
 */
#ifndef JSON_JSON_SCAN_H
#define JSON_JSON_SCAN_H

#include "json/json.h"

struct scan {
	struct arena *arena;
	const char *start, *at, *end; /* the whole text, and how far it was read */
	enum json_rules rules;
	int depth;
	const char *message; /* set by what failed */
};

/* Always false, for the caller to return; sets the message, with the position of `where`. */
bool scan_fail(struct scan *, const char *what, const char *where);

void scan_space(struct scan *);                   /* goes over white space */
bool scan_sees(const struct scan *, char wanted); /* whether this byte comes next */
bool scan_byte(struct scan *, char wanted);       /* takes it if it comes next */
bool scan_word(struct scan *, const char *word);  /* the same for a word */

/* Takes a string, at its quote: its characters, a view of the text if there is no escape. */
bool scan_string(struct scan *, struct bytes *out);

/* Takes a number and sets type and text; fails with "Expecting value" if none comes next. */
bool scan_number(struct scan *, struct json *out);

#endif
