/*
 * Text that grows in an arena.
 */
#pragma once

#include "base/bytes.h"

/* Initialize arena; leave the other members 0. */
struct buffer {
	struct arena *arena;
	char *data; /* NULL until the first put, then NUL-terminated */
	size_t length, size;
};

void buffer_put(struct buffer *, const void *bytes, size_t length);
/* Adds `length` bytes and returns their address; the caller writes them before the next put. */
char *buffer_extend(struct buffer *, size_t length);
void buffer_puts(struct buffer *, const char *string);
void buffer_putc(struct buffer *, char);
void buffer_printf(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct bytes buffer_bytes(const struct buffer *);
