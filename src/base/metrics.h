/*
 * Counters of a program, for all of its processes: in a file of JWT_METRICS_DIR that each of them
 * maps into its memory. What a process counted is there at once and stays when it is killed.
 * Without that setting metrics are disabled.
 */
#pragma once

#include "base/buffer.h"

/*
 * To be called once, before anything is counted. folder: JWT_METRICS_DIR, NULL if it is not set. A
 * folder that cannot be used gets a line in the log, and metrics are disabled.
 */
void metrics_open(const char *folder, const char *program);

/*
 * A request's answer: its status, its word in the log, and how long it took. Pairs of both that the
 * table in metrics.c does not have are counted together, with the outcome "other".
 */
void metrics_request(int status, const char *outcome, int64_t microseconds);

/* What it cost to verify one password, from that clock_microseconds() on. */
void metrics_password(int64_t begun);

/* A query that the database did not answer. */
void metrics_database_error(void);

/* The owner of a token was judged: by what this process knows, or by a read of the database. */
enum metrics_owner { OWNER_WAS_KNOWN, OWNER_WAS_READ };
void metrics_owner(enum metrics_owner);

/* How many owners this process knows, and when the change feed was read (clock_milliseconds()). */
void metrics_feed(size_t known, int64_t asked);

/* All programs' counters in Prometheus' text format 0.0.4; false after a line in the log. */
bool metrics_write(struct arena *, const char *folder, struct buffer *out);
