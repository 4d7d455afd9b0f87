#include "base/utf8.h"

/* The length of a character with this first byte; 0 if no character starts with it. */
static size_t
size_of(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

size_t
utf8_read(struct bytes text, uint32_t *code)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *data = (const unsigned char *)text.data;
	size_t size = text.length == 0 ? 0 : size_of(data[0]);

	if (size < 2) {
		*code = size == 1 ? data[0] : 0;
		return size;
	}
	if (size > text.length)
		return 0;
	*code = data[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((data[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (data[i] & 0x3f);
	}
	if (*code < smallest[size] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return size;
}

size_t
utf8_valid(struct bytes text)
{
	size_t at = 0, size;
	uint32_t code;

	while (at < text.length) {
		size = utf8_read((struct bytes){text.data + at, text.length - at}, &code);
		if (size == 0)
			break;
		at += size;
	}
	return at;
}

size_t
utf8_count(struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return count;
}

static bool
is_space(uint32_t code)
{
	return (code >= '\t' && code <= '\r') || (code >= 0x1c && code <= ' ') || code == 0x85 ||
	       code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
	       code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
	       code == 0x3000;
}

/* The last character, which may be malformed. */
static struct bytes
last_of(struct bytes text)
{
	size_t size = 1;

	while (size < text.length && (text.data[text.length - size] & 0xc0) == 0x80)
		size++;
	return text.length == 0 ? text : (struct bytes){text.data + text.length - size, size};
}

struct bytes
utf8_strip(struct bytes text)
{
	struct bytes last;
	uint32_t code;
	size_t size;

	while ((size = utf8_read(text, &code)) > 0 && is_space(code))
		text = (struct bytes){text.data + size, text.length - size};
	for (last = last_of(text);
	     last.length > 0 && utf8_read(last, &code) == last.length && is_space(code);
	     last = last_of(text))
		text.length -= last.length;
	return text;
}
