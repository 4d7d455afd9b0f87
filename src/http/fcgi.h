/*
 * The FastCGI protocol, version 1, as an application speaks it: one request at a time on a
 * connection.
 *
 * A reader of our own in place of libfcgi, which aborts on records that no web server sends, serves
 * a request that was cut off in its parameters, and waits for ever on a peer that sends nothing.
 * Here each request has one deadline, from accept or, on a kept connection, from its first byte;
 * everything that a peer announces is bounded before it is believed, and what is not the protocol
 * ends the connection, never the process.
 */
#ifndef HTTP_FCGI_H
#define HTTP_FCGI_H

#include "http/request.h"

struct fcgi {
	int connection;        /* non-blocking */
	int64_t deadline;      /* milliseconds of the monotonic clock */
	unsigned request_id;   /* 0: no request begun */
	unsigned role;         /* of that request */
	bool takes_authorizer; /* whether that role is served besides the responder's */
	bool keep_asked;       /* FCGI_KEEP_CONN: whether the peer wants the connection back */
	bool keep;             /* whether it can have it: nothing is left to be read or sent */
	size_t start, end;     /* what was received and not read yet */
	size_t used;           /* how much of `received` was ever written to */
	unsigned char received[16 * 1024];
};

/*
 * Reads one whole request from a connection into `request`. false: there is none to answer
 * (the peer went away, sent something else, or was too slow); the connection is to be closed.
 */
bool fcgi_receive(struct fcgi *, int connection, struct request *);

/* Sends head and body as that request's answer, in one piece; false if the peer did not take it. */
bool fcgi_answer(struct fcgi *, struct arena *, struct bytes head, struct bytes body);

/* Wipes what was received, and closes the connection unless the answer has left it fit to keep. */
void fcgi_end(struct fcgi *);

#endif
