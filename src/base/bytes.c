#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_SIZE  256
#define LIKELY_SIZE 31 /* of what is printed: more is printed twice */

bool
bytes_cut(struct bytes *rest, const char *separator, struct bytes *out)
{
	size_t length = strlen(separator);
	const char *at =
	    rest->length == 0 ? NULL : memmem(rest->data, rest->length, separator, length);

	*out = *rest;
	*rest = (struct bytes){NULL, 0};
	if (at == NULL)
		return false;
	rest->data = at + length;
	rest->length = out->length - (size_t)(at - out->data) - length;
	out->length = (size_t)(at - out->data);
	return true;
}

bool
bytes_among(struct bytes text, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		if (bytes_equal(text, *words))
			return true;
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bytes
bytes_strip(struct bytes text)
{
	while (text.length > 0 && is_space(text.data[0]))
		text = (struct bytes){text.data + 1, text.length - 1};
	while (text.length > 0 && is_space(text.data[text.length - 1]))
		text.length--;
	return text;
}

void
bytes_to_hex(const unsigned char *bytes, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
}

int
bytes_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

uint64_t
bytes_hash(uint64_t hash, struct bytes bytes)
{
	for (size_t i = 0; i < bytes.length; i++)
		hash = (hash ^ (unsigned char)bytes.data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* What is left behind by growing stays in the arena and is wiped with it. */
static void
make_room(struct buffer *buffer, size_t more)
{
	size_t size = buffer->size == 0 ? FIRST_SIZE : buffer->size;
	char *data;

	if (buffer->size - buffer->length > more)
		return;
	while (size - buffer->length <= more)
		size *= 2;
	data = arena_alloc(buffer->arena, size);
	if (buffer->length > 0)
		memcpy(data, buffer->data, buffer->length);
	buffer->data = data;
	buffer->size = size;
}

char *
buffer_extend(struct buffer *buffer, size_t length)
{
	char *at;

	if (buffer->size - buffer->length <= length)
		make_room(buffer, length);
	at = buffer->data + buffer->length;
	buffer->length += length;
	at[length] = '\0';
	return at;
}

void
buffer_put(struct buffer *buffer, const void *bytes, size_t length)
{
	char *at = buffer_extend(buffer, length);

	if (length > 0)
		memcpy(at, bytes, length);
}

void
buffer_puts(struct buffer *buffer, const char *string)
{
	buffer_put(buffer, string, strlen(string));
}

void
buffer_putc(struct buffer *buffer, char character)
{
	if (buffer->size - buffer->length <= 1)
		make_room(buffer, 1);
	buffer->data[buffer->length++] = character;
	buffer->data[buffer->length] = '\0';
}

void
buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int length;

	make_room(buffer, LIKELY_SIZE);
	va_start(arguments, format);
	length = vsnprintf(
	    buffer->data + buffer->length, buffer->size - buffer->length, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if ((size_t)length >= buffer->size - buffer->length) {
		make_room(buffer, (size_t)length);
		va_start(arguments, format);
		vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
		va_end(arguments);
	}
	buffer->length += (size_t)length;
}

struct bytes
buffer_bytes(const struct buffer *buffer)
{
	return (struct bytes){buffer->data, buffer->length};
}
