/*
 * Checks the form of a FastCGI request (FastCGI Specification 1.0, sections 3.3, 3.4, 5 and 8)
 * before libfcgi reads it. Pure: no I/O, no state but its own.
 *
 * A request is BEGIN_REQUEST, PARAMS up to an empty record and, but for an authorizer, STDIN up to
 * an empty record, all of one request id. Everything else is refused: other records in between,
 * management records (libfcgi ends the process), padding behind BEGIN_REQUEST and empty records
 * (libfcgi takes it for a header), and parameters that cannot be C strings "name=value".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define GUARD_PARAMETERS_MAXIMUM (64 * 1024) /* bytes of all names, values and their lengths */
#define GUARD_OVERHEAD_MAXIMUM   (64 * 1024) /* bytes of record headers and padding */

enum guard_verdict { GUARD_INCOMPLETE, GUARD_COMPLETE, GUARD_REFUSED };

/* The name or value that a stream of name-value pairs is in; records may cut it anywhere. */
struct guard_pairs {
	size_t left;       /* bytes of it that have not come yet */
	size_t lengths[2]; /* of the name and the value */
	int which, have; /* which length is being read, and how many of its four bytes are there */
	bool in_name;
};

struct guard {
	/* Set by the caller before the first check; all the rest is zero then. */
	size_t body_maximum;
	bool takes_authorizer; /* whether the authorizer's role is served besides the responder's */

	/* What is known of the request. */
	unsigned request_id; /* 0: BEGIN_REQUEST has not come */
	bool authorizer, keep_connection;
	bool parameters_too_large, body_too_large;
	size_t body; /* bytes of the body, once the request is complete and not too large */
	size_t head; /* bytes of BEGIN_REQUEST and of those streams that have ended within bounds */

	/* The guard's own. */
	size_t checked; /* bytes of whole records */
	int expected;   /* type of the next record; 0: the first */
	size_t parameters;
	struct guard_pairs pairs;
};

/*
 * Continues with `bytes`, the request from its first byte as far as it has come. COMPLETE: its
 * records are the first guard->checked bytes; there may be more behind them. A record is looked at
 * when it is whole, so a check costs only what is new.
 */
enum guard_verdict guard_check(struct guard *, const unsigned char *bytes, size_t length);

/*
 * Removes from `bytes` the checked records of what is too large and moves up what follows. Returns
 * the new length, at most head + a record + a header.
 */
size_t guard_drop(struct guard *, unsigned char *bytes, size_t length);

/* How many bytes the records of a request that is not too large can have. */
size_t guard_maximum(size_t body_maximum);
