/*
 * Random bytes for the ids of tokens.
 */
#ifndef SIGNING_RANDOM_H
#define SIGNING_RANDOM_H

#include <stdbool.h>

#define JTI_BYTES 16

/* JTI_BYTES bytes that nobody has seen; false only if the kernel has none. */
bool random_take(unsigned char *out);

#endif
