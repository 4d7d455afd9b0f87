/*
 * Wall-clock time and monotonic time.
 */
#pragma once

#include <stdint.h>

/*
 * Seconds since the epoch. Exact, unlike time(2), which is up to 10 ms late: a token that another
 * process has just issued would look "not yet valid". Read once per request and passed on.
 */
int64_t clock_seconds(void);

/* Monotonic, since an arbitrary start: for deadlines and durations. */
int64_t clock_milliseconds(void);
int64_t clock_microseconds(void);
