/*
 * What unit tests share: the headers that cmocka.h needs before it, an arena for each test, and
 * long texts. Its functions are used by those tests that name them.
 */
#ifndef HELPERS_H
#define HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

/* Empty before each test with arena_setup and arena_teardown. */
static struct arena *arena;

static inline int
arena_setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static inline int
arena_teardown(void **state)
{
	(void)state;
	arena_free(arena);
	arena = NULL;
	return 0;
}

/* In the arena: before, the unit count times, after. */
static inline struct bytes
repeated(const char *before, const char *unit, size_t count, const char *after)
{
	struct buffer buffer = {.arena = arena};

	buffer_puts(&buffer, before);
	while (count-- > 0)
		buffer_puts(&buffer, unit);
	buffer_puts(&buffer, after);
	return buffer_bytes(&buffer);
}

#endif
