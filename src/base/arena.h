/*
 * Memory that lives as long as one request.
 *
 * All memory of a request is allocated from one arena. arena_reset() wipes and releases all of it,
 * so that no answer, password or token outlives its request. The limits in http/ bound the size of
 * a request, so an arena has no limit of its own. When memory runs out the process exits
 * (base/memory.h): callers need not check for NULL.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 1 in a build with AddressSanitizer, to which arena.c reports what is allocated. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

struct arena;

struct arena *arena_new(void);
struct arena *arena_of_process(void); /* the same one at each call; never freed */
void arena_free(struct arena *);      /* wipes first; accepts NULL */
void arena_reset(struct arena *);     /* wipes and releases all allocations */

/*
 * Registers `end`, to be called with the object when the arena is reset or freed, before its memory
 * is wiped. The last one registered is called first. For objects of libraries that allocate their
 * own memory.
 */
void arena_at_end(struct arena *, void (*end)(void *object), void *object);

void *arena_alloc(struct arena *, size_t size); /* zeroed, aligned for any type, never NULL */
char *arena_copy(struct arena *, const void *bytes, size_t length); /* adds a NUL */
char *arena_printf(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));
