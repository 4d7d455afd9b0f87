/*
 * What the harnesses share. A harness is a function of any bytes; libFuzzer, AFL++ and replay.c
 * call it. It ends by abort() where what it drives did not keep its word.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
require(bool condition)
{
	if (!condition)
		abort();
}

/* The arena of one execution, empty; to make a new one each time would take most of the time. */
static inline struct arena *
fuzz_arena(void)
{
	static struct arena *arena;

	if (arena == NULL)
		arena = arena_new();
	arena_reset(arena);
	return arena;
}
