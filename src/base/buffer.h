/*
 * Text that grows in an arena. What is put stays valid until the arena's reset.
 */
#pragma once

#include "base/bytes.h"

/* Set arena, leave the rest 0. */
struct buffer {
	struct arena *arena;
	char *data; /* always followed by a NUL once something was put */
	size_t length, size;
};

void buffer_put(struct buffer *, const void *bytes, size_t length);
char *buffer_extend(struct buffer *, size_t length); /* so many bytes more, to be written there */
void buffer_puts(struct buffer *, const char *string);
void buffer_putc(struct buffer *, char);
void buffer_printf(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct bytes buffer_bytes(const struct buffer *);
