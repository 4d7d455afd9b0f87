/*
 * A connection that the event loop has accepted, with what has come of its next request.
 *
 * Received bytes are kept in memory of their own size, bounded by the guard, and wiped.
 */
#pragma once

#include "http/guard.h"

#include <stdint.h>
#include <sys/queue.h>

/* What a connection waits for. */
enum slot_wait {
	SLOT_NEW, /* nothing yet */
	SLOT_INCOMPLETE,
	SLOT_KEPT,
	SLOT_CLOSING, /* the answer was sent; the peer has to close */
	SLOT_WAITS,
};

struct slot {
	int connection; /* non-blocking; -1: closed already */
	struct guard guard;
	unsigned char *bytes;
	size_t length, size;
	bool ended; /* the peer has closed the connection */

	enum slot_wait wait;
	int64_t deadline; /* of clock_milliseconds(), while it waits */
	bool watched;     /* set by the event loop: registered with epoll */
	TAILQ_ENTRY(slot) next;
};

/* Takes the connection over. `rules`: a guard of which only the caller's members are set. */
struct slot *slot_new(int connection, const struct guard *rules);

/*
 * Receives once, as much as there is. COMPLETE: the request is in slot->bytes. REFUSED: the peer
 * has ended the connection (slot->ended) or sent something else than a request.
 */
enum guard_verdict slot_receive(struct slot *);

/* Receives and wipes. false: the peer has closed the connection. */
bool slot_drain(struct slot *);

/* Wipes what was received; the next bytes belong to the next request. */
void slot_clear(struct slot *, const struct guard *rules);

/* Lets it wait for something, for so long, and no more for what it waited for before. */
void slot_park(struct slot *, enum slot_wait, int64_t milliseconds);

/* The slot has no deadline any more. */
void slot_unpark(struct slot *);

/* How many wait, the one that is nearest to its deadline (NULL: none), and the first deadline of
 * all (INT64_MAX: none). What waits for the same must have been parked for the same time. */
int slot_count(enum slot_wait);
struct slot *slot_first(enum slot_wait);
int64_t slot_deadline(void);

/* Unparks, wipes, closes and frees. */
void slot_free(struct slot *);

/* How many bytes all slots hold for requests that are incomplete. */
size_t slot_memory(void);
