/*
 * A new connection to PostgreSQL, by libpq's own rules for its PG* variables but with a deadline,
 * of which each of several hosts has its share: one that does not answer is skipped.
 */
#pragma once

#include "base/arena.h"
#include "db/url.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Of use if PQstatus() says CONNECTION_OK, and then non-blocking; else PQerrorMessage() says why.
 * NULL if no host is left that might answer. *late: whether one gave no answer in time, that is in
 * its share, or as connect_timeout (PGCONNECT_TIMEOUT) has it; then the log names it.
 */
PGconn *connection_open(
    struct arena *, const struct url_options *, const char *program, int64_t deadline, bool *late);

/* Whether one of the events (of poll(2)) came before the deadline (of clock_milliseconds()). */
bool connection_wait(const PGconn *, short events, int64_t deadline);
