/*
 * The time of day, and time that only goes forward.
 */
#pragma once

#include <stdint.h>

/*
 * Seconds since the epoch, exact: time(2) is up to 10 ms late, and a token that another process
 * minted in this second would look "not yet valid". Read once for a request and passed on.
 */
int64_t clock_seconds(void);

/* Since an unknown beginning, for deadlines and durations: setting the clock does not change it. */
int64_t clock_milliseconds(void);
int64_t clock_microseconds(void);
