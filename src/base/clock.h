/*
 * Time that only goes forward, for deadlines: whoever sets the clock ends and prolongs none.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_milliseconds(void);
int64_t clock_microseconds(void);

#endif
