/*
 * Counters shared by all processes of a program: a file in JWT_METRICS_DIR that each process maps
 * into memory. A count is visible at once and survives the process. Without the setting metrics are
 * disabled.
 */
#pragma once

#include "base/buffer.h"

/*
 * Call once, before anything is counted. folder: JWT_METRICS_DIR, or NULL. A folder that cannot be
 * used is logged, and metrics are disabled.
 */
void metrics_open(const char *folder, const char *program);

/*
 * Counts an answer: its status, its outcome (the word in the log), and its duration. A pair of
 * status and outcome that metrics.c does not list is counted with the outcome "other".
 */
void metrics_request(int status, const char *outcome, int64_t microseconds);

/*
 * Counts how long it took to judge a login's password: to verify it, to renew and store the hash,
 * and what a refusal spends to take as long as others.
 */
void metrics_password(int64_t microseconds);

/* Counts a query that the database did not answer. */
void metrics_database_error(void);

/* Counts a token's owner that was judged: known to this process, or read from the database. */
enum metrics_owner { OWNER_WAS_KNOWN, OWNER_WAS_READ };
void metrics_owner(enum metrics_owner);

/* Sets the number of known owners, and when the feed was last read (clock_milliseconds()). */
void metrics_feed(size_t known, int64_t asked);

/* Writes all programs' counters in Prometheus' text format 0.0.4; false after logging why. */
bool metrics_write(struct arena *, const char *folder, struct buffer *out);
