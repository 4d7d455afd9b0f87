/*
 * Memory that lives as long as one request.
 *
 * Everything that a request needs is taken from one arena and given back at once by arena_reset(),
 * which wipes it first: no answer, password or token outlives its request. A request's size is
 * bounded by the limits in http/, so an arena needs none of its own; when the system has no memory
 * left the process ends (base/memory.h), so no caller tests for NULL.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Whether AddressSanitizer is built in: it is told which pieces are in use (arena.c). */
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
struct arena *arena_of_process(void); /* one for what lives as long as the process */
void arena_free(struct arena *);      /* wipes; NULL is fine */
void arena_reset(struct arena *);     /* wipes; what was taken is gone, the first block is kept */

/*
 * Calls `end` with the object when the arena is reset or freed, before its memory is wiped; what
 * was given last is ended first. For objects of libraries that allocate by themselves.
 */
void arena_at_end(struct arena *, void (*end)(void *object), void *object);

void *arena_alloc(struct arena *, size_t size); /* zeroed, aligned for any type, never NULL */
char *arena_copy(struct arena *, const void *bytes, size_t length); /* with a NUL behind it */
char *arena_printf(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));
