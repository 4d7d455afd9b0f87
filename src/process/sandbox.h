/*
 * What a program gives up once it has started (JWT_SANDBOX): limits what an attacker who controls
 * the process can do.
 *
 * No new privileges, no capability but to read files as root, no core dump and no debugger; by
 * seccomp no other program, no process, and no socket but those that PostgreSQL is reached by; by
 * Landlock no file but what libpq, OpenSSL, the C library and the keys in use need to be read
 * again. A refused call fails with an error, it does not end the program. What the kernel does not
 * have is left out, with one line in the log.
 */
#pragma once

#include "config/config.h"

/* A file, in whose folder another may take its place, or a folder, that is read again later; the
 * string is kept. NULL is fine. */
void sandbox_keep(const char *path);

/* To be called once all is open that is only opened at the start. Cannot fail. */
void sandbox_enter(const struct config *);

/* Where PostgreSQL is, by libpq's variables, as far as it matters here; internal to sandbox*.c. */
struct sandbox_network {
	bool local;        /* only by unix sockets: no others are needed */
	const char *ports; /* its TCP ports, with commas; NULL: any */
};

/* NULL, or why it is not there; log_only: what would be refused is allowed and in the audit log. */
const char *sandbox_calls(const struct sandbox_network *, bool log_only);
const char *sandbox_files(const struct config *, const struct sandbox_network *);
