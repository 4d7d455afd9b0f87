/*
 * A process that can have no memory ends with one line in the log, and its supervisor starts
 * another: nobody has to go on without, and no refusal is made from a lack of it.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* That piece of memory, which is not NULL from here on. */
void *memory_need(void *piece);

#endif
