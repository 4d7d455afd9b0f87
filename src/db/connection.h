/*
 * Opens a connection to PostgreSQL by libpq's rules for its PG* variables, but with a deadline.
 * Each of several hosts gets a share of the time; a host that does not answer is skipped.
 */
#pragma once

#include "base/arena.h"
#include "db/url.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The caller owns the result. If PQstatus() is CONNECTION_OK it is connected and non-blocking;
 * otherwise PQerrorMessage() says why. NULL if no host is left to try. *late becomes true, after a
 * line in the log, if a host did not answer within its share of the time or connect_timeout
 * (PGCONNECT_TIMEOUT). deadline: of clock_milliseconds().
 */
PGconn *connection_open(
    struct arena *, const struct url_options *, const char *program, int64_t deadline, bool *late);

/* Waits for one of the events of poll(2); false if the deadline comes first. */
bool connection_wait(const PGconn *, short events, int64_t deadline);
