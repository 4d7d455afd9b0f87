/*
 * Bytes with a length: a view of somebody's memory, and a buffer that grows in an arena.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/arena.h"

#include <stdbool.h>

/* A view: does not own, need not end in NUL, may contain one. data may be NULL when length is 0. */
struct bytes {
	const char *data;
	size_t length;
};

struct bytes bytes_of(const char *string);          /* of a C string; NULL gives no bytes */
bool bytes_equal(struct bytes, const char *string); /* not for secrets: takes variable time */
bool bytes_same(struct bytes, struct bytes);        /* not for secrets either */

/* A buffer: what is put stays valid until the arena's reset; set arena, leave the rest 0. */
struct buffer {
	struct arena *arena;
	char *data; /* always followed by a NUL once something was put */
	size_t length, size;
};

void buffer_put(struct buffer *, const void *bytes, size_t length);
void buffer_puts(struct buffer *, const char *string);
void buffer_putc(struct buffer *, char);
void buffer_printf(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct bytes buffer_bytes(const struct buffer *);

#endif
