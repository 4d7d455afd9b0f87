#include "json/json_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	INTEGER_DIGITS = 4300, /* sys.get_int_max_str_digits() */
};

/* A position counts characters, and only a \n ends a line. */
bool
scan_fail(struct scan *scan, const char *what, const char *where)
{
	size_t line = 1, column = 1, character = 0;

	for (const char *at = scan->start; at < where; at++) {
		if (((unsigned char)*at & 0xc0) == 0x80)
			continue;
		character++;
		column++;
		if (*at == '\n') {
			line++;
			column = 1;
		}
	}
	scan->message = arena_printf(
	    scan->arena, "%s: line %zu column %zu (char %zu)", what, line, column, character);
	return false;
}

void
scan_space(struct scan *scan)
{
	while (scan->at < scan->end) {
		char c = *scan->at;

		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return;
		scan->at++;
	}
}

bool
scan_sees(const struct scan *scan, char wanted)
{
	return scan->at < scan->end && *scan->at == wanted;
}

bool
scan_byte(struct scan *scan, char wanted)
{
	if (!scan_sees(scan, wanted))
		return false;
	scan->at++;
	return true;
}

bool
scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
		return false;
	scan->at += length;
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits behind the u of \uXXXX. CPython also wants any one character behind them. */
static bool
unicode_digits(struct scan *scan, const char *u, uint32_t *out)
{
	uint32_t code = 0;

	if (scan->end - u < 6)
		return scan_fail(scan, "Invalid \\uXXXX escape", u);
	for (int i = 1; i <= 4; i++) {
		int digit = hex_value(u[i]);

		if (digit < 0)
			return scan_fail(scan, "Invalid \\uXXXX escape", u);
		code = code << 4 | (uint32_t)digit;
	}
	*out = code;
	return true;
}

static bool
is_high_surrogate(uint32_t code)
{
	return code >= 0xd800 && code < 0xdc00;
}

static bool
is_low_surrogate(uint32_t code)
{
	return code >= 0xdc00 && code < 0xe000;
}

/* Reads \uXXXX, or two of them if they are a pair; any other surrogate stays alone. */
static bool
unicode_read(struct scan *scan, uint32_t *out)
{
	const char *u = scan->at + 1;
	uint32_t low = 0;

	if (!unicode_digits(scan, u, out))
		return false;
	scan->at = u + 5;
	if (!is_high_surrogate(*out) || scan->end - scan->at < 2)
		return true;
	if (scan->at[0] != '\\' || scan->at[1] != 'u')
		return true;
	if (!unicode_digits(scan, scan->at + 1, &low))
		return false;
	if (is_low_surrogate(low)) {
		*out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
		scan->at += 6;
	}
	return true;
}

/* UTF-8, where a lone surrogate is written as if it were a character. */
static char *
character_put(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

/* The character that \X means, 0 if there is no such escape. */
static uint32_t
short_escape(char letter)
{
	switch (letter) {
	case '"':
	case '\\':
	case '/':
		return (uint32_t)letter;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return 0;
	}
}

/* Reads one escape, from its backslash on; `quote` is where its string begins. */
static bool
escape_read(struct scan *scan, const char *quote, uint32_t *out)
{
	const char *backslash = scan->at;

	if (scan->end - backslash < 2)
		return scan_fail(scan, "Unterminated string starting at", quote);
	if (backslash[1] == 'u') {
		if (!unicode_read(scan, out))
			return false;
	} else {
		*out = short_escape(backslash[1]);
		if (*out == 0)
			return scan_fail(scan, "Invalid \\escape", backslash);
		scan->at += 2;
	}
	if (scan->rules == JSON_STRICT && (is_high_surrogate(*out) || is_low_surrogate(*out)))
		return scan_fail(scan, "Lone surrogate in a string", backslash);
	return true;
}

/* The end of what stands for itself inside a string: a quote, a backslash, a control character. */
static const char *
plain_end(const char *at, const char *end)
{
	static const bool special[256] = {[0 ... 0x1f] = true, ['"'] = true, ['\\'] = true};

	while (at < end && !special[(unsigned char)*at])
		at++;
	return at;
}

/* No escape is shorter than what it means, so a string fits into the room of its written form. */
static size_t
written_size(const char *start, const char *end)
{
	const char *at = start;

	while (at < end && *at != '"')
		at += *at == '\\' && end - at > 1 ? 2 : 1;
	return (size_t)(at - start);
}

static bool
escaped_string(struct scan *scan, const char *quote, struct bytes *out)
{
	char *text = arena_alloc(scan->arena, written_size(quote + 1, scan->end) + 1), *to = text;
	uint32_t code;

	scan->at = quote + 1;
	for (;;) {
		const char *plain = scan->at;
		size_t length;

		scan->at = plain_end(plain, scan->end);
		length = (size_t)(scan->at - plain);
		memcpy(to, plain, length);
		to += length;
		if (scan->at == scan->end)
			return scan_fail(scan, "Unterminated string starting at", quote);
		if (scan_byte(scan, '"'))
			break;
		if (!scan_sees(scan, '\\'))
			return scan_fail(scan, "Invalid control character at", scan->at);
		if (!escape_read(scan, quote, &code))
			return false;
		to = character_put(to, code);
	}
	*out = (struct bytes){text, (size_t)(to - text)};
	return true;
}

bool
scan_string(struct scan *scan, struct bytes *out)
{
	const char *quote = scan->at, *end = plain_end(quote + 1, scan->end);

	if (end == scan->end || *end != '"')
		return escaped_string(scan, quote, out);
	*out = (struct bytes){quote + 1, (size_t)(end - quote - 1)};
	scan->at = end + 1;
	return true;
}

static const char *
digits_end(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/* The end of a fraction and an exponent; one without digits is left for the next token. */
static const char *
fraction_end(const char *at, const char *end)
{
	const char *digits, *last;

	if (at < end && *at == '.') {
		digits = at + 1;
		last = digits_end(digits, end);
		at = last > digits ? last : at;
	}
	if (at == end || (*at != 'e' && *at != 'E'))
		return at;
	digits = at + 1;
	if (digits < end && (*digits == '+' || *digits == '-'))
		digits++;
	last = digits_end(digits, end);
	return last > digits ? last : at;
}

static bool
integer_check(struct scan *scan, size_t digits)
{
	if (digits <= INTEGER_DIGITS)
		return true;
	scan->message = arena_printf(scan->arena,
	    "Exceeds the limit (%d digits) for integer string conversion: value has %zu digits; "
	    "use sys.set_int_max_str_digits() to increase the limit",
	    INTEGER_DIGITS, digits);
	return false;
}

static bool
float_check(struct scan *scan, struct bytes text)
{
	if (scan->rules != JSON_STRICT)
		return true;
	if (!isinf(strtod(arena_copy(scan->arena, text.data, text.length), NULL)))
		return true;
	return scan_fail(scan, "Number too large", text.data);
}

bool
scan_number(struct scan *scan, struct json *out)
{
	const char *start = scan->at, *digits = start, *point;

	if (scan_sees(scan, '-'))
		digits++;
	point = digits_end(digits, scan->end);
	if (point == digits)
		return scan_fail(scan, "Expecting value", start);
	if (*digits == '0')
		point = digits + 1;
	scan->at = fraction_end(point, scan->end);
	out->text = (struct bytes){start, (size_t)(scan->at - start)};
	out->type = scan->at == point ? JSON_INT : JSON_FLOAT;
	if (out->type == JSON_INT)
		return integer_check(scan, (size_t)(point - digits));
	return float_check(scan, out->text);
}
