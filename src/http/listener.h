/*
 * The listening socket, and the connections that the web server keeps open (Nginx's
 * fastcgi_keep_conn, lighttpd, mod_fcgid).
 *
 * A kept connection does not take its process away from everybody else, as it does with libfcgi: it
 * is watched beside the listening socket, and whichever has a request is served. Without kept
 * connections there is nothing but accept(2).
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>

/*
 * Begins to listen to signals: from now on SIGTERM, SIGINT, SIGQUIT, SIGUSR1 and SIGUSR2 end
 * listener_next(). queue: how many connections may wait to be accepted, where the socket's own
 * limit is not to be used; 0: it is. Who comes when they are so many is refused at once.
 */
void listener_start(int descriptor, int queue);

/*
 * Waits for a connection that has something to read or is new: non-blocking, and the caller's, to
 * close or to give back. -1: it is time to stop, or nothing can be accepted any more, after a line
 * in the log.
 */
int listener_next(void);

/* Gives a connection back, to be watched for the next request on it; it may also be closed. */
void listener_keep(int connection);

/* Whether a signal has asked to stop. */
bool listener_stopped(void);

#endif
