/*
 * An accepted connection and the bytes received so far of its next request. guard_drop() limits
 * their number, and they are wiped after the answer.
 */
#pragma once

#include "http/guard.h"

#include <stdint.h>
#include <sys/queue.h>

/* What a connection is waiting for. */
enum slot_wait {
	SLOT_ACTIVE, /* nothing: just accepted, or its request is answered; no deadline */
	SLOT_INCOMPLETE,
	SLOT_KEPT,
	SLOT_CLOSING, /* the answer was sent; waits for the peer to close */
	SLOT_WAITS,
};

struct slot {
	int connection; /* non-blocking; -1: already closed */
	struct guard guard;
	unsigned char *bytes;
	size_t length, size;
	bool ended; /* the peer has closed the connection */

	enum slot_wait wait;
	int64_t deadline; /* clock_milliseconds() at which the wait ends */
	bool watched;     /* set by the event loop: registered with epoll */
	TAILQ_ENTRY(slot) next;
};

/* Takes ownership of the connection. `rules`: a guard with only the caller's members set. */
struct slot *slot_new(int connection, const struct guard *rules);

/*
 * Calls recv(2) once. COMPLETE: the request is in slot->bytes. REFUSED: the peer has closed the
 * connection (slot->ended) or sent something other than a request.
 */
enum guard_verdict slot_receive(struct slot *);

/* Receives and discards. Returns false if the peer has closed the connection. */
bool slot_drain(struct slot *);

/* Wipes the received bytes and prepares for the next request. */
void slot_clear(struct slot *, const struct guard *rules);

/* Sets what the slot waits for, in place of anything else, and its deadline from now. */
void slot_park(struct slot *, enum slot_wait, int64_t milliseconds);

/* Ends the wait. */
void slot_unpark(struct slot *);

/*
 * How many slots wait; the one with the first deadline (NULL: none); and the first deadline of all
 * (INT64_MAX: none). All slots with the same wait must be parked for the same time.
 */
int slot_count(enum slot_wait);
struct slot *slot_first(enum slot_wait);
int64_t slot_deadline(void);

/* Unparks, wipes, closes and frees. */
void slot_free(struct slot *);

/* Bytes allocated by all slots for received data. */
size_t slot_memory(void);
