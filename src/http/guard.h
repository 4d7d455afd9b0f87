/*
 * Checks the form of a FastCGI request (FastCGI Specification 1.0, sections 3.3, 3.4, 5 and 8)
 * before libfcgi reads it. Does no I/O.
 *
 * A request is BEGIN_REQUEST, then PARAMS up to an empty record, then, except for an authorizer,
 * STDIN up to an empty record, all with one request id. Everything else is refused: other records
 * in between, management records (libfcgi exits on them), padding after BEGIN_REQUEST and empty
 * records (libfcgi mistakes it for a header), and parameters that cannot be C strings "name=value".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define GUARD_PARAMETERS_MAXIMUM (64 * 1024) /* bytes of names, values and their lengths */
#define GUARD_OVERHEAD_MAXIMUM   (64 * 1024) /* bytes of record headers and padding */

enum guard_verdict { GUARD_INCOMPLETE, GUARD_COMPLETE, GUARD_REFUSED };

/* Position in a stream of name-value pairs, which records may split anywhere. */
struct guard_pairs {
	size_t left;       /* bytes of the current name or value still to come */
	size_t lengths[2]; /* of name and value */
	int which, have;   /* the length being read, and how many of its four bytes are known */
	bool in_name;
};

struct guard {
	/* Set by the caller before the first check; the other members are zero then. */
	size_t body_maximum;
	bool takes_authorizer; /* whether the authorizer role is served, not only the responder */

	/* What has been found out about the request. */
	unsigned request_id; /* 0 before BEGIN_REQUEST */
	bool authorizer, keep_connection;
	bool parameters_too_large, body_too_large;
	size_t body; /* bytes of the body, if the request is complete and not too large */
	size_t head; /* bytes of BEGIN_REQUEST and of the complete streams within bounds */

	/* Private. */
	size_t checked; /* bytes of whole records */
	int expected;   /* type of the next record; 0: BEGIN_REQUEST */
	size_t parameters;
	struct guard_pairs pairs;
};

/*
 * Continues the check. `bytes`: the request from its first byte, as far as received. COMPLETE: its
 * records are the first guard->checked bytes; more bytes may follow. Checks each record once, when
 * it is complete, so a call costs only what is new.
 */
enum guard_verdict guard_check(struct guard *, const unsigned char *bytes, size_t length);

/*
 * Removes the checked records of an oversized stream from `bytes` and moves up what follows.
 * Returns the new length, at most head + one record + one header.
 */
size_t guard_drop(struct guard *, unsigned char *bytes, size_t length);

/* The most bytes that the records of a request within bounds can have. */
size_t guard_maximum(size_t body_maximum);
