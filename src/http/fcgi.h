/*
 * Answers a completely received FastCGI request through libfcgi.
 *
 * libfcgi reads from a spool, a memory file that holds exactly one request whose form the guard has
 * checked: it can neither block nor meet an unexpected record. It writes the answer directly to the
 * connection. Uses FCGX_* of fcgiapp.h only: fcgi_stdio.h would replace the environment.
 */
#pragma once

#include "http/guard.h"
#include "http/handle.h"

/*
 * Call once, before installing signal handlers (libfcgi installs its own) and before the sandbox.
 * body_maximum: bytes of the largest body. Returns false after logging why.
 */
bool fcgi_open(size_t body_maximum);

/*
 * Answers the request in the first guard->head bytes, on its non-blocking connection. Returns true
 * if the answer was sent and the connection is open; else logs why, closes the connection and
 * returns false.
 */
bool fcgi_answer(
    const struct service *, int connection, const struct guard *, const unsigned char *bytes);
