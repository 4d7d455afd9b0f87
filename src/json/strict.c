#include "json/strict.h"

#include "base/buffer.h"
#include "base/utf8.h"

#define NUMBER_MAXIMUM 64 /* characters; also bounds a number's text when it is written */
#define INT64_DIGITS   19

struct cursor {
	struct strict *strict;
	const char *start, *at, *end;
	int depth;
	char before;     /* the first byte of the last token; 0 at the start */
	bool nul_before; /* the last string has a \u0000, which a name may not */
};

static bool
refuse(struct cursor *cursor, const char *fault)
{
	cursor->strict->fault = fault;
	cursor->strict->at = (size_t)(cursor->at - cursor->start);
	return false;
}

/* The code unit of the \uXXXX at this position; -1 if there is none. */
static int
code_unit(const char *at, const char *end)
{
	int value = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = bytes_hex_digit(at[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static bool
check_code_unit(struct cursor *cursor)
{
	int unit = code_unit(cursor->at, cursor->end), low;

	if (unit < 0)
		return refuse(cursor, "unknown escape");
	if (unit == 0 && cursor->strict->rules == JSON_STRICT)
		return refuse(cursor, "NUL in a string");
	cursor->nul_before = cursor->nul_before || unit == 0;
	cursor->at += 6;
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	low = unit < 0xdc00 ? code_unit(cursor->at, cursor->end) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return refuse(cursor, "lone surrogate");
	cursor->strict->pairs = true;
	cursor->at += 6;
	return true;
}

/* Skips the escape that begins at this backslash. */
static bool
check_escape(struct cursor *cursor)
{
	static const char letters[] = {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'};

	if (cursor->end - cursor->at < 2)
		return refuse(cursor, "unfinished string");
	if (cursor->at[1] == 'u')
		return check_code_unit(cursor);
	if (memchr(letters, cursor->at[1], sizeof(letters)) == NULL)
		return refuse(cursor, "unknown escape");
	cursor->at += 2;
	return true;
}

/* The end of the ASCII characters that need no check inside a string. */
static const char *
plain_end(const char *at, const char *end)
{
	static const bool plain[256] = {
	    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 0x7f] = true};

	while (at < end && plain[(unsigned char)*at])
		at++;
	return at;
}

static bool
check_string(struct cursor *cursor)
{
	uint32_t code;

	cursor->nul_before = false;
	cursor->at = plain_end(cursor->at + 1, cursor->end);
	while (cursor->at < cursor->end && *cursor->at != '"') {
		if (*cursor->at == '\\') {
			if (!check_escape(cursor))
				return false;
		} else if ((unsigned char)*cursor->at < ' ') {
			return refuse(cursor, "control character in a string");
		} else {
			size_t size = utf8_read(
			    (struct bytes){cursor->at, (size_t)(cursor->end - cursor->at)}, &code);

			if (size == 0)
				return refuse(cursor, "invalid UTF-8");
			cursor->at += size;
		}
		cursor->at = plain_end(cursor->at, cursor->end);
	}
	if (cursor->at == cursor->end)
		return refuse(cursor, "unfinished string");
	cursor->at++;
	return true;
}

static const char *
digits_end(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

static bool
fits_int64(const char *digits, size_t count, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "9223372036854775807";

	return count < INT64_DIGITS ||
	       (count == INT64_DIGITS && memcmp(digits, most, INT64_DIGITS) <= 0);
}

/* RFC 8259 section 6. */
static bool
check_number(struct cursor *cursor)
{
	const char *start = cursor->at, *digits = start + (*start == '-'), *end = cursor->end;
	const char *point = digits_end(digits, end), *last = point, *exponent;

	if (point == digits || (*digits == '0' && point - digits > 1))
		return refuse(cursor, "not a number");
	if (last < end && *last == '.') {
		last = digits_end(point + 1, end);
		if (last == point + 1)
			return refuse(cursor, "not a number");
	}
	if (last < end && (*last | 0x20) == 'e') {
		exponent = last + 1;
		exponent += exponent < end && (*exponent == '+' || *exponent == '-');
		last = digits_end(exponent, end);
		if (last == exponent)
			return refuse(cursor, "not a number");
	}
	if (last - start > NUMBER_MAXIMUM)
		return refuse(cursor, "number too long");
	if (last == point && !fits_int64(digits, (size_t)(point - digits), *start == '-'))
		return refuse(cursor, "integer too large");
	cursor->at = last;
	return true;
}

static bool
check_word(struct cursor *cursor)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t length = strlen(words[i]);

		if ((size_t)(cursor->end - cursor->at) >= length &&
		    memcmp(cursor->at, words[i], length) == 0) {
			cursor->at += length;
			return true;
		}
	}
	return refuse(cursor, "unexpected character");
}

static bool
check_colon(struct cursor *cursor)
{
	if (cursor->nul_before)
		return refuse(cursor, "NUL in a name");
	cursor->strict->members++;
	cursor->at++;
	return true;
}

/* Checks one token, or one byte of white space. */
static bool
check_token(struct cursor *cursor)
{
	char first = *cursor->at, before = cursor->before;

	if (first == ' ' || first == '\t' || first == '\r' || first == '\n') {
		cursor->at++;
		return true;
	}
	cursor->before = first;
	switch (first) {
	case '"':
		return check_string(cursor);
	case ':':
		return check_colon(cursor);
	case '{':
	case '[':
		if (cursor->depth++ == STRICT_LEVELS)
			return refuse(cursor, "nested too deeply");
		break;
	case '}':
	case ']':
		if (before == ',')
			return refuse(cursor, "unexpected character");
		cursor->depth--;
		break;
	case ',':
		break;
	default:
		return first == '-' || (first >= '0' && first <= '9') ? check_number(cursor)
								      : check_word(cursor);
	}
	cursor->at++;
	return true;
}

bool
strict_check(struct strict *strict, struct bytes text)
{
	struct cursor cursor = {.strict = strict};

	cursor.start = cursor.at = text.length == 0 ? "" : text.data;
	cursor.end = cursor.start + text.length;
	strict->members = 0;
	while (cursor.at < cursor.end)
		if (!check_token(&cursor))
			return false;
	return true;
}

struct bytes
strict_unescape_pairs(struct arena *arena, struct bytes text)
{
	const char *at = text.data, *end = text.data + text.length;
	struct buffer out = {.arena = arena};

	while (at < end) {
		int high = code_unit(at, end), code;

		if (high < 0xd800 || high > 0xdbff) {
			size_t length = *at == '\\' ? 2 : 1;

			buffer_put(&out, at, length);
			at += length;
			continue;
		}
		code = 0x10000 + ((high - 0xd800) << 10) + (code_unit(at + 6, end) - 0xdc00);
		buffer_putc(&out, (char)(0xf0 | code >> 18));
		buffer_putc(&out, (char)(0x80 | (code >> 12 & 0x3f)));
		buffer_putc(&out, (char)(0x80 | (code >> 6 & 0x3f)));
		buffer_putc(&out, (char)(0x80 | (code & 0x3f)));
		at += 12;
	}
	return buffer_bytes(&out);
}
