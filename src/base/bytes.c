#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_SIZE 256

struct bytes
bytes_of(const char *string)
{
	return (struct bytes){string, string == NULL ? 0 : strlen(string)};
}

bool
bytes_same(struct bytes a, struct bytes b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool
bytes_equal(struct bytes bytes, const char *string)
{
	return bytes_same(bytes, bytes_of(string));
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

void
buffer_put(struct buffer *buffer, const void *bytes, size_t length)
{
	make_room(buffer, length);
	if (length > 0)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void
buffer_puts(struct buffer *buffer, const char *string)
{
	buffer_put(buffer, string, strlen(string));
}

void
buffer_putc(struct buffer *buffer, char character)
{
	buffer_put(buffer, &character, 1);
}

void
buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length <= 0)
		return;
	make_room(buffer, (size_t)length);
	va_start(arguments, format);
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
}

struct bytes
buffer_bytes(const struct buffer *buffer)
{
	return (struct bytes){buffer->data, buffer->length};
}
