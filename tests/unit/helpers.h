/*
 * What unit tests share: the headers that cmocka.h needs before it, an arena for each test, long
 * texts, the files of tests/vectors and fewer repetitions under valgrind. Its functions are used by
 * those tests that name them.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

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

/* A file of tests/vectors, in the arena. */
static inline struct bytes
vector_text(const char *name)
{
	const char *source = getenv("srcdir");
	char path[4096], part[4096];
	struct buffer text = {.arena = arena};
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/vectors/%s", source == NULL ? "." : source, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		buffer_put(&text, part, got);
	fclose(file);
	return buffer_bytes(&text);
}

/* sparse if TESTS_SPARSE is in the environment (make check-valgrind): one in so many is tried. */
static inline size_t
step(size_t sparse)
{
	return getenv("TESTS_SPARSE") == NULL ? 1 : sparse;
}
