#include "json/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DOUBLE_DIGITS = 17, /* always enough to tell two doubles apart */
	NOT_UTF8 = 0x110000,
};

/* The number d.ddd... * 10^exponent with these digits. */
struct decimal {
	char digits[DOUBLE_DIGITS + 1];
	int exponent;
};

static struct decimal
decimal_round(double value, int count)
{
	struct decimal out = {0};
	char text[48];
	const char *mark;
	int used = 0;

	snprintf(text, sizeof(text), "%.*e", count - 1, value);
	mark = strchr(text, 'e');
	for (const char *c = text; c < mark && used < DOUBLE_DIGITS; c++) {
		if (*c != '.')
			out.digits[used++] = *c;
	}
	out.exponent = atoi(mark + 1);
	return out;
}

static struct decimal
decimal_above(struct decimal decimal)
{
	size_t i = strlen(decimal.digits);

	while (i > 0 && decimal.digits[i - 1] == '9')
		decimal.digits[--i] = '0';
	if (i > 0) {
		decimal.digits[i - 1]++;
		return decimal;
	}
	decimal.digits[0] = '1';
	decimal.exponent++;
	return decimal;
}

static double
decimal_value(const struct decimal *decimal)
{
	char text[48];

	snprintf(text, sizeof(text), "%c.%se%d", decimal->digits[0], decimal->digits + 1,
	    decimal->exponent);
	return strtod(text, NULL);
}

/*
 * The fewest digits that read back as the value, of those the nearest. At a power of two the gap
 * above is wider than the one below, so the next decimal above may do where the nearest does not.
 */
static struct decimal
decimal_shortest(double value)
{
	struct decimal nearest = {0};

	for (int count = 1; count <= DOUBLE_DIGITS; count++) {
		struct decimal above;

		nearest = decimal_round(value, count);
		if (decimal_value(&nearest) == value)
			return nearest;
		above = decimal_above(nearest);
		if (decimal_value(&above) == value)
			return above;
	}
	return nearest;
}

static void
zeros_put(struct buffer *buffer, int count)
{
	while (count-- > 0)
		buffer_putc(buffer, '0');
}

/* repr()'s choice of form: an exponent below 1e-4 and from 1e16 on, else a point. */
static void
decimal_write(struct buffer *buffer, const struct decimal *decimal)
{
	int count = (int)strlen(decimal->digits), whole = decimal->exponent + 1;

	if (whole <= -4 || whole > 16) {
		buffer_putc(buffer, decimal->digits[0]);
		if (count > 1)
			buffer_printf(buffer, ".%s", decimal->digits + 1);
		buffer_printf(buffer, "e%+03d", decimal->exponent);
	} else if (whole <= 0) {
		buffer_puts(buffer, "0.");
		zeros_put(buffer, -whole);
		buffer_puts(buffer, decimal->digits);
	} else if (count <= whole) {
		buffer_puts(buffer, decimal->digits);
		zeros_put(buffer, whole - count);
		buffer_puts(buffer, ".0");
	} else {
		buffer_put(buffer, decimal->digits, (size_t)whole);
		buffer_printf(buffer, ".%s", decimal->digits + whole);
	}
}

static void
float_write(struct buffer *buffer, struct bytes text, const char *infinity)
{
	double value = strtod(arena_copy(buffer->arena, text.data, text.length), NULL);
	struct decimal decimal;

	if (signbit(value))
		buffer_putc(buffer, '-');
	if (isinf(value)) {
		buffer_puts(buffer, infinity);
		return;
	}
	decimal = decimal_shortest(fabs(value));
	decimal_write(buffer, &decimal);
}

static struct bytes
integer_text(struct bytes text)
{
	return bytes_equal(text, "-0") ? bytes_of("0") : text;
}

/* Reads one character; *out is NOT_UTF8 for a byte that starts none. A lone surrogate is one. */
static size_t
character_read(struct bytes text, uint32_t *out)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *data = (const unsigned char *)text.data;
	size_t size = data[0] < 0xc0 ? 1 : data[0] < 0xe0 ? 2 : data[0] < 0xf0 ? 3 : 4;
	uint32_t code = data[0];

	*out = code < 0x80 ? code : NOT_UTF8;
	if (size == 1 || size > text.length)
		return 1;
	code &= 0xffU >> (size + 1);
	for (size_t i = 1; i < size; i++) {
		if ((data[i] & 0xc0) != 0x80)
			return 1;
		code = code << 6 | (data[i] & 0x3f);
	}
	if (data[0] >= 0xf8 || code < smallest[size] || code > 0x10ffff)
		return 1;
	*out = code;
	return size;
}

static bool
must_escape(uint32_t code, bool ascii)
{
	if (code < 0x20 || code == '"' || code == '\\' || code == NOT_UTF8)
		return true;
	if (ascii)
		return code > '~';
	/* a lone surrogate has no UTF-8; the two separators end a line in JavaScript before 2019 */
	return (code >= 0xd800 && code < 0xe000) || code == 0x2028 || code == 0x2029;
}

static void
escape_write(struct buffer *buffer, uint32_t code)
{
	static const char letters[] = {['"'] = '"',
	    ['\\'] = '\\',
	    ['\b'] = 'b',
	    ['\f'] = 'f',
	    ['\n'] = 'n',
	    ['\r'] = 'r',
	    ['\t'] = 't'};

	if (code < sizeof(letters) && letters[code] != 0) {
		buffer_putc(buffer, '\\');
		buffer_putc(buffer, letters[code]);
	} else if (code == NOT_UTF8) {
		buffer_puts(buffer, "\\ufffd");
	} else if (code >= 0x10000) {
		buffer_printf(buffer, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
		    0xdc00 + (code & 0x3ff));
	} else {
		buffer_printf(buffer, "\\u%04x", code);
	}
}

/* The end of what needs no look at its characters: printable ASCII but quote and backslash. */
static size_t
plain_end(struct bytes text, size_t at)
{
	static const bool plain[256] = {
	    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

	while (at < text.length && plain[(unsigned char)text.data[at]])
		at++;
	return at;
}

/* A string that is written as it stands, as most are. */
static void
plain_write(struct buffer *buffer, struct bytes text)
{
	char *at = buffer_extend(buffer, text.length + 2);

	*at++ = '"';
	if (text.length > 0)
		memcpy(at, text.data, text.length);
	at[text.length] = '"';
}

void
json_write_string(struct buffer *buffer, struct bytes utf8, bool ascii)
{
	size_t written = 0, at = plain_end(utf8, 0);

	if (at == utf8.length) {
		plain_write(buffer, utf8);
		return;
	}
	buffer_putc(buffer, '"');
	for (; at < utf8.length; at = plain_end(utf8, at)) {
		struct bytes rest = {utf8.data + at, utf8.length - at};
		uint32_t code;
		size_t size = character_read(rest, &code);

		if (must_escape(code, ascii)) {
			buffer_put(buffer, utf8.data + written, at - written);
			escape_write(buffer, code);
			written = at + size;
		}
		at += size;
	}
	if (written < at)
		buffer_put(buffer, utf8.data + written, at - written);
	buffer_putc(buffer, '"');
}

static void
elements_write(struct buffer *buffer, const struct json *json, bool ascii)
{
	bool named = json->type == JSON_OBJECT;

	buffer_putc(buffer, named ? '{' : '[');
	for (const struct json *one = json->first; one != NULL; one = one->next) {
		if (one != json->first)
			buffer_putc(buffer, ',');
		if (named) {
			json_write_string(buffer, one->name, ascii);
			buffer_putc(buffer, ':');
		}
		json_write(buffer, one, ascii);
	}
	buffer_putc(buffer, named ? '}' : ']');
}

void
json_write(struct buffer *buffer, const struct json *json, bool ascii)
{
	struct bytes text;

	switch (json->type) {
	case JSON_NULL:
		buffer_puts(buffer, "null");
		break;
	case JSON_BOOL:
		buffer_puts(buffer, json->boolean ? "true" : "false");
		break;
	case JSON_INT:
		text = integer_text(json->text);
		buffer_put(buffer, text.data, text.length);
		break;
	case JSON_FLOAT:
		float_write(buffer, json->text, "Infinity");
		break;
	case JSON_STRING:
		json_write_string(buffer, json->text, ascii);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		elements_write(buffer, json, ascii);
		break;
	}
}

struct bytes
json_text(struct arena *arena, const struct json *json)
{
	struct buffer buffer = {.arena = arena};

	switch (json->type) {
	case JSON_INT:
		return integer_text(json->text);
	case JSON_STRING:
		return json->text;
	case JSON_FLOAT:
		float_write(&buffer, json->text, "inf");
		return buffer_bytes(&buffer);
	default:
		return bytes_of(NULL);
	}
}
