/*
 * The event loop: accepts connections, and holds those whose request is incomplete or that the web
 * server keeps open (Nginx's fastcgi_keep_conn, lighttpd, mod_fcgid).
 *
 * A process answers one request at a time, and only when it has been received completely.
 * Connections wait for their peer in epoll, in a bounded number of slots.
 */
#pragma once

#include "http/handle.h"

/*
 * Call once. From then on SIGTERM, SIGINT, SIGQUIT, SIGUSR1 and SIGUSR2 end loop_run(). backlog:
 * connections that may wait to be accepted (the kernel refuses more); 0: as the socket was made.
 * Returns false after logging why.
 */
bool loop_open(const struct service *, int listening, int backlog);

/*
 * Serves until a signal, then answers what has been received or accepted already. Returns false,
 * after logging why, if connections can no longer be accepted.
 */
bool loop_run(const struct service *);
