/*
 * The listening socket, and the connections that the web server keeps open (Nginx's
 * fastcgi_keep_conn, lighttpd, mod_fcgid).
 *
 * A connection does not take its process away from everybody else, as it does with libfcgi: while
 * one waits for the database or for a slow peer, others are served, each in a fiber of its own.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>

/*
 * Begins to listen to signals: from now on SIGTERM, SIGINT, SIGQUIT, SIGUSR1 and SIGUSR2 end
 * listener_next(). queue: how many connections may wait to be accepted, where the socket's own
 * limit is not to be used; 0: it is. Who comes when they are so many is refused at once. at_once:
 * how many fibers there are to be. false, after a line in the log: it cannot.
 */
bool listener_start(int descriptor, int queue, int at_once);

/*
 * Waits, while the fibers go on, for a fiber that is free and a connection that has something to
 * read or is new: non-blocking, and the caller's, to close or to give back. -1: it is time to stop,
 * or nothing can be accepted any more, after a line in the log.
 */
int listener_next(void);

/*
 * Gives a connection back, to be watched for the next request on it; it may also be closed, as each
 * is once a signal has asked to stop.
 */
void listener_keep(int connection);

/* Lets the fibers come to their end. */
void listener_end(void);

/* Whether a signal has asked to stop. */
bool listener_stopped(void);

#endif
