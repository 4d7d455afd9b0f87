/*
 * What a build with AddressSanitizer is told of memory that we deal out ourselves, so that it sees
 * a step beyond one piece as it sees one beyond a block of malloc(3), and of stacks that we change.
 * Nothing in any other build.
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

/* A stack, and what is kept of it while another one is in use. */
struct stack {
	const void *bottom;
	size_t size;
	void *kept;
};

void __sanitizer_start_switch_fiber(void **, const void *, size_t);
void __sanitizer_finish_switch_fiber(void *, const void **, size_t *);

/* Before a jump from one stack to the other. */
static inline void
stack_leave(struct stack *from, const struct stack *to)
{
	if (SANITIZED)
		__sanitizer_start_switch_fiber(&from->kept, to->bottom, to->size);
}

/* Behind it. *from, unless NULL, is told where it lies. */
static inline void
stack_enter(const struct stack *to, struct stack *from)
{
	if (SANITIZED)
		__sanitizer_finish_switch_fiber(to->kept, from == NULL ? NULL : &from->bottom,
		    from == NULL ? NULL : &from->size);
}

#endif
