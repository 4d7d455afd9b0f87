/*
 * What json-c lets pass and RFC 8259, RFC 7515 and RFC 8725 do not: a look at the text before
 * json-c reads it. It builds no tree; the grammar is json-c's own matter.
 */
#pragma once

#include "base/bytes.h"

#define STRICT_LEVELS 32 /* how deep arrays and objects may nest */

enum json_rules {
	JSON_STRICT, /* of tokens and keys */
	JSON_BODY,   /* of request bodies, as Django REST framework takes them: a member may come
		      * twice, the last one counts; a string may contain \u0000, a name may not */
};

struct strict {
	enum json_rules rules;
	size_t members;    /* written in the text: a tree with fewer of them had a duplicate */
	bool pairs;        /* there are surrogate pairs, for strict_unescape_pairs() */
	const char *fault; /* why the text is refused, such as "invalid UTF-8" */
	size_t at;         /* the byte where that is, counted from 0 */
};

/*
 * Whether json-c may read the text. Set the rules; false sets fault and at. Refused are: bytes that
 * are not UTF-8, control characters, unknown escapes and lone surrogates in strings; white space,
 * words and quotes that JSON does not have; numbers with a leading zero, without a digit before or
 * behind the point, of more than 64 characters; integers outside int64; more than STRICT_LEVELS. A
 * number such as 1e400 passes: only its value tells.
 */
bool strict_check(struct strict *, struct bytes text);

/*
 * A checked text with the character itself in place of each \uXXXX\uXXXX; in the arena. json-c 0.16
 * makes U+FFFD of those pairs whose code point ends in D800 to DFFF, such as U+2D800.
 */
struct bytes strict_unescape_pairs(struct arena *, struct bytes text);
