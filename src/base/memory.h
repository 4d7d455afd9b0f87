/*
 * A process that gets no memory ends with one line in the log, and its supervisor starts another:
 * no caller tests for NULL, and no request is refused for want of memory.
 */
#pragma once

/* That piece of memory, which is not NULL from here on. */
void *memory_need(void *piece);

/*
 * Keeps the heap, as large as it is now, out of core dumps and, as far as RLIMIT_MEMLOCK allows,
 * out of swap. The first call needs /proc/self/maps, which the sandbox closes.
 */
void memory_hide(void);
