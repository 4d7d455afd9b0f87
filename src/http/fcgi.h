/*
 * A FastCGI request that has been received completely, and its answer, through libfcgi.
 *
 * libfcgi reads from a spool, a file in memory that holds exactly one request whose form the guard
 * has checked: it can neither wait nor meet a record that it does not expect. The answer goes
 * straight to the connection. FCGX_* of fcgiapp.h only: fcgi_stdio.h would replace the environment.
 */
#pragma once

#include "http/guard.h"
#include "http/handle.h"

/*
 * Once, before signal handlers are installed (libfcgi has its own) and before the sandbox.
 * body_maximum: of the largest request. false, after a line in the log: it cannot.
 */
bool fcgi_open(size_t body_maximum);

/*
 * Answers the request whose records are the first guard->head of these bytes, on its non-blocking
 * connection. true: the answer was sent and the connection is open. false, after a line in the log:
 * it was not, and the connection is closed.
 */
bool fcgi_answer(
    const struct service *, int connection, const struct guard *, const unsigned char *bytes);
