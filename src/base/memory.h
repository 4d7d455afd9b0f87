/*
 * A process that runs out of memory logs one line and exits; its supervisor starts another. So
 * callers need not check for NULL.
 */
#pragma once

/* Returns `piece`; exits if it is NULL. */
void *memory_need(void *piece);

/*
 * Keeps the heap, at its current size, out of core dumps and, as far as RLIMIT_MEMLOCK allows, out
 * of swap. The first call reads /proc/self/maps, so it has to precede the sandbox.
 */
void memory_hide(void);
