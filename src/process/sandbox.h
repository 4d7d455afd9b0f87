/*
 * Privileges that a program gives up once it has started (JWT_SANDBOX), to limit what an attacker
 * who controls the process can do.
 *
 * No new privileges; no capability except, as root, to read files; no core dump and no debugger. By
 * seccomp no other program, no process, and only sockets that reach PostgreSQL. By Landlock no
 * files except those that libpq, OpenSSL, the C library and the keys need again. A refused call
 * fails with an error, it does not kill the process. What the kernel lacks is left out and logged.
 */
#pragma once

#include "config/config.h"

/*
 * Keeps a path readable: a folder, or a file and its folder, as the file may be replaced. Stores
 * the pointer; ignores NULL.
 */
void sandbox_keep(const char *path);

/* Call when everything is open that is only opened at start. Cannot fail. */
void sandbox_enter(const struct config *);

/* Where PostgreSQL is, from libpq's variables; internal to sandbox*.c. */
struct sandbox_network {
	bool local;        /* only Unix sockets are needed */
	const char *ports; /* TCP ports, separated by commas; NULL: any */
};

/* Return NULL, or why the part is not active. log_only: allow and audit what would be refused. */
const char *sandbox_calls(const struct sandbox_network *, bool log_only);
const char *sandbox_files(const struct config *, const struct sandbox_network *);
