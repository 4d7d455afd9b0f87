#include "base/arena.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK (32 * 1024)
#define ALIGNMENT   _Alignof(max_align_t)
#define APART       (SANITIZED ? ALIGNMENT : 0) /* unallocated gap between allocations */

/* Unused memory is always zero: calloc(3) returns it so, and wiping keeps it so. */
struct block {
	struct block *previous;
	size_t size, used;
	_Alignas(max_align_t) char memory[];
};

struct ending {
	struct ending *previous;
	void (*end)(void *object);
	void *object;
};

struct arena {
	struct block *last;
	struct ending *endings; /* allocated from the arena itself */
};

/* From AddressSanitizer's run-time library; called only in a build with it. */
void __asan_poison_memory_region(const volatile void *, size_t);
void __asan_unpoison_memory_region(const volatile void *, size_t);

static void
poison(const void *start, size_t size)
{
	if (SANITIZED)
		__asan_poison_memory_region(start, size);
}

static void
unpoison(const void *start, size_t size)
{
	if (SANITIZED)
		__asan_unpoison_memory_region(start, size);
}

static struct block *
block_new(struct block *previous, size_t size)
{
	struct block *block = memory_need(calloc(1, sizeof(*block) + size));

	block->previous = previous;
	block->size = size;
	poison(block->memory, size);
	return block;
}

static void
block_wipe(struct block *block)
{
	unpoison(block->memory, block->used);
	explicit_bzero(block->memory, block->used);
	poison(block->memory, block->used);
	block->used = 0;
}

static void
block_free(struct block *block)
{
	block_wipe(block);
	free(block);
}

struct arena *
arena_new(void)
{
	struct arena *arena = memory_need(calloc(1, sizeof(*arena)));

	arena->last = block_new(NULL, FIRST_BLOCK);
	return arena;
}

struct arena *
arena_of_process(void)
{
	static struct arena *arena;

	if (arena == NULL)
		arena = arena_new();
	return arena;
}

void
arena_reset(struct arena *arena)
{
	for (struct ending *one = arena->endings; one != NULL; one = one->previous)
		one->end(one->object);
	arena->endings = NULL;
	while (arena->last->previous != NULL) {
		struct block *gone = arena->last;

		arena->last = gone->previous;
		block_free(gone);
	}
	block_wipe(arena->last);
}

void
arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	arena_reset(arena);
	block_free(arena->last);
	free(arena);
}

void
arena_at_end(struct arena *arena, void (*end)(void *object), void *object)
{
	struct ending *ending = arena_alloc(arena, sizeof(*ending));

	*ending = (struct ending){arena->endings, end, object};
	arena->endings = ending;
}

/* A large allocation gets a block of its own size, so that a growing buffer wastes no memory. */
void *
arena_alloc(struct arena *arena, size_t length)
{
	struct block *block = arena->last;
	size_t size;
	void *piece;

	if (length > SIZE_MAX / 2)
		memory_need(NULL);
	size = (length + ALIGNMENT - 1 + APART) & ~(ALIGNMENT - 1);
	if (size > block->size - block->used)
		block = arena->last = block_new(block, size > FIRST_BLOCK ? size : FIRST_BLOCK);
	piece = block->memory + block->used;
	block->used += size;
	unpoison(piece, length);
	return piece;
}

char *
arena_copy(struct arena *arena, const void *bytes, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

/* Formats the text twice, the first time to measure it. */
char *
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	int length;
	size_t size;
	char *text;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	size = (size_t)(length < 0 ? 0 : length) + 1;
	text = arena_alloc(arena, size);
	va_start(arguments, format);
	vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return text;
}
