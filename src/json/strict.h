/*
 * Refuses text that json-c accepts although RFC 8259, RFC 7515 or RFC 8725 forbid it, before json-c
 * parses it. Builds no tree; checking the rest of the grammar is left to json-c, without
 * JSON_TOKENER_STRICT: in json-c 0.18 that refuses every character outside ASCII.
 */
#pragma once

#include "base/bytes.h"

#define STRICT_LEVELS 32 /* of nested arrays and objects */

enum json_rules {
	JSON_STRICT, /* for tokens and keys */
	JSON_BODY, /* for request bodies: the last of duplicates counts, strings may have \u0000 */
};

struct strict {
	enum json_rules rules;
	size_t members;    /* in the text; a tree with fewer of them had a duplicate */
	bool pairs;        /* there are surrogate pairs: see strict_unescape_pairs() */
	const char *fault; /* why the text is refused, such as "invalid UTF-8" */
	size_t at;         /* offset of the fault */
};

/*
 * Whether json-c may parse the text. The caller sets rules; false sets fault and at. Refuses
 * invalid UTF-8; control characters, unknown escapes and lone surrogates in strings; white space,
 * words and quotes that JSON does not have; a comma before a closing bracket; numbers with a
 * leading zero, without a digit before or after the point, or longer than 64 characters; integers
 * outside int64; and nesting beyond STRICT_LEVELS. Accepts a number such as 1e400: only its value
 * shows the overflow.
 */
bool strict_check(struct strict *, struct bytes text);

/*
 * Returns an accepted text with each \uXXXX\uXXXX replaced by its character; in the arena. json-c
 * 0.16 turns pairs whose code point ends in D800 to DFFF, such as U+2D800, into U+FFFD.
 */
struct bytes strict_unescape_pairs(struct arena *, struct bytes text);
