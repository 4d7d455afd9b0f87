#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_SIZE  256
#define LIKELY_SIZE 31 /* of a formatted text; a longer one is formatted twice */

/* The old memory stays in the arena, which wipes it. */
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
	*buffer_extend(buffer, 1) = character;
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
