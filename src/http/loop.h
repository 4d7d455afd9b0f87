/*
 * The event loop: the listening socket, and connections whose request is incomplete or that the
 * web server keeps open (Nginx's fastcgi_keep_conn, lighttpd, mod_fcgid).
 *
 * The process answers one request at a time, and only one that has been received completely.
 * Connections that wait for their peer do so in epoll, in a bounded number of slots.
 */
#pragma once

#include "http/handle.h"

/*
 * Once: from here on SIGTERM, SIGINT, SIGQUIT, SIGUSR1 and SIGUSR2 end loop_run(). backlog: how
 * many connections may wait to be accepted, 0: as many as the socket was made for; further ones
 * are refused by the kernel. false, after a line in the log: it cannot.
 */
bool loop_open(const struct service *, int listening, int backlog);

/*
 * Serves until a signal. Then it answers what had been received or accepted already. false, after a
 * line in the log: connections cannot be accepted any more.
 */
bool loop_run(const struct service *);
