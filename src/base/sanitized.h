/*
 * What a build with AddressSanitizer is told of memory that we deal out ourselves: it then sees a
 * step beyond one piece as it sees one beyond a block of malloc(3). Nothing in any other build.
 */
#ifndef BASE_SANITIZED_H
#define BASE_SANITIZED_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* Of AddressSanitizer's run-time library; called only where it is linked. */
void __asan_poison_memory_region(const volatile void *, size_t);
void __asan_unpoison_memory_region(const volatile void *, size_t);

static inline void
memory_forbid(const void *start, size_t size)
{
	if (SANITIZED)
		__asan_poison_memory_region(start, size);
}

static inline void
memory_allow(const void *start, size_t size)
{
	if (SANITIZED)
		__asan_unpoison_memory_region(start, size);
}

#endif
