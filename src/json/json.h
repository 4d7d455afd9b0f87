/*
 * JSON as Python's json module reads and writes it, for bodies that Django REST framework would
 * have read and for the claims that PyJWT would have written.
 *
 * A reader of our own because no library gives what both need: CPython's error messages with their
 * position in characters, integers of any length kept as they were written, NUL and lone surrogates
 * inside strings seen rather than cut or replaced, and memory that is wiped (json-c 0.16 does none
 * of these). What is read lives in the arena and in the text itself: numbers, and strings without
 * an escape, are views of the text, which must live as long as they do.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/bytes.h"

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,   /* no fraction and no exponent, of any length; text as written ("-0" too) */
	JSON_FLOAT, /* a fraction or an exponent; text as written */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	bool boolean; /* of JSON_BOOL */
	struct bytes
	    text; /* JSON_INT and JSON_FLOAT: as written. JSON_STRING: its characters as UTF-8,
		   * NUL included, a lone surrogate as its three bytes ED A0..BF xx */
	struct bytes name; /* inside an object: the member's name, in the form of a string's text */
	struct json
	    *first; /* of an array or object: the first element or member, in written order */
	struct json *next; /* the next one in the same array or object */
};

enum json_rules {
	JSON_PYTHON, /* as json.loads() with DRF's strict option: NaN and Infinity refused, 4300
		      * digits at the most, a duplicate member allowed: as in a dict, the last one's
		      * value is in the first one's place */
	JSON_STRICT, /* for claims, headers and keys: besides, no duplicate member, no lone
		      * surrogate anywhere, at most 32 levels, no float that overflows */
};

/*
 * Reads one JSON text. The bytes must have been checked with utf8_check() for JSON_PYTHON, where a
 * message counts characters; JSON_STRICT checks them itself. Returns NULL for what is not JSON;
 * then *message (unless NULL) is CPython 3.11's, such as "Expecting value: line 1 column 1 (char
 * 0)", for JSON_STRICT it may be any text. Arrays and objects nest up to 960 deep; deeper is an
 * error, never a crash.
 */
struct json *json_parse(struct arena *, struct bytes text, enum json_rules, const char **message);

/*
 * Whether the bytes are UTF-8 (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF).
 * If not, *message (unless NULL) is CPython's UnicodeDecodeError text, such as "'utf-8' codec can't
 * decode byte 0xff in position 13: invalid start byte". An unfinished sequence at the very end is
 * no error when `stream` is set (codecs.StreamReader keeps it back); *valid is the length up to
 * there.
 */
bool utf8_check(
    struct arena *, struct bytes text, bool stream, size_t *valid, const char **message);

/* The member of that name, the last if there are several; NULL if none or not an object. */
struct json *json_member(const struct json *object, const char *name);

/*
 * Writes a value as json.dumps(value, separators=(",", ":")) does: floats as repr(), so 1e2 becomes
 * 100.0; ascii: everything outside ASCII as \uXXXX (ensure_ascii), else raw UTF-8 with U+2028 and
 * U+2029 escaped (DRF's JSONRenderer). Always valid UTF-8: a lone surrogate is escaped in both
 * forms, a byte that is not UTF-8 becomes \ufffd. A float that overflows is Infinity.
 */
void json_write(struct buffer *, const struct json *, bool ascii);
void json_write_string(struct buffer *, struct bytes utf8, bool ascii);

/* str() of a JSON_INT, JSON_FLOAT or JSON_STRING: "-0" gives "0", 1e2 gives "100.0", 1e400 "inf".
 */
struct bytes json_text(struct arena *, const struct json *);

/* A JSON_INT that fits 64 bits, canonically written (no "-0"); false for anything else. */
bool json_integer(const struct json *, int64_t *out);

#endif
