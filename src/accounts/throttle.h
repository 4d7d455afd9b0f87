/*
 * Rate limits for logins, by address, by name and by both, and for the secrets of OAuth clients.
 *
 * The counts are in a file that all workers of a host map into memory. Every change is one atomic
 * instruction on one word, so there is no lock, and a worker that is killed leaves nothing half
 * done. Names and addresses are stored only as keyed hashes.
 *
 * After a few free tries, each refused login doubles the wait: 1, 2, 4, … seconds, up to a
 * minute for an address, two for a name, and fifteen for one name from one address. A pair of name
 * and address that has logged in before has a count of its own, so an attacker elsewhere cannot
 * lock the owner out. In an hour a name is tried at most 40 times from addresses where its owner
 * has logged in, and 60 times from all others. Successful logins are not counted.
 *
 * Wrong secrets are counted by client and address together, separately from logins; the longest
 * wait is five minutes. So a program with a wrong secret does not block other clients on its host,
 * and an attacker at another address does not block a client.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"
#include "config/config.h"

struct throttle;

#define THROTTLE_COUNTS 5 /* counts of one name and address */

/* A login that was admitted, until throttle_settle(). */
struct attempt {
	/* Hashes of address, name, both, both as a known pair, both as a client. */
	uint64_t keys[THROTTLE_COUNTS];
	int first, last; /* the keys for which it counts */
};

/*
 * Maps the file of JWT_THROTTLE_FILE, by default one per user in /dev/shm; creates it if it is
 * missing. NULL, after a line in the log, if that fails or the file belongs to another user.
 */
struct throttle *throttle_open(const struct config *);

/*
 * Whether a login may be tried now: 0 if so, and it counts as a failure until it is settled; else
 * the seconds to wait. address: from the web server, or NULL; an IPv6 address stands for its /64.
 * now: seconds since the epoch; a clock that is set back or forward adds at most one wait.
 */
long throttle_try(
    struct throttle *, const char *address, struct bytes name, int64_t now, struct attempt *out);

/* Settles an attempt: only NO stays counted; UNDECIDED is an outage. */
void throttle_settle(struct throttle *, const struct attempt *, enum verdict, int64_t now);

/*
 * Seconds until a client may send a secret from that address; 0: now. Counts nothing. There is no
 * limit without a throttle (NULL), nor without an address (NULL or empty), because then the guesses
 * of an attacker would block the client itself.
 */
long throttle_client_wait(
    struct throttle *, const char *address, const char *client_id, int64_t now);

/* Counts a wrong secret. */
void throttle_client_refused(
    struct throttle *, const char *address, const char *client_id, int64_t now);

/*
 * What follows is for an administrator, in another process. address and name: as above; either may
 * be NULL, but counts of pairs need both.
 */
struct throttle_count {
	const char *by; /* "address", "name", "pair", "known pair", "client" (the name is its id) */
	long tries;     /* refused logins or secrets that still count */
	long wait;      /* seconds until the next may be tried */
};

/* Totals of the file. */
struct throttle_sum {
	long counted;  /* names, addresses and pairs with tries */
	long known;    /* pairs that have logged in before */
	long failures; /* in the current minute */
};

/* As throttle_open(), but a missing file is an error. */
struct throttle *throttle_find(const struct config *);
/* Returns how many counts are in out. */
size_t throttle_show(struct throttle *, const char *address, const char *name, int64_t now,
    struct throttle_count out[static THROTTLE_COUNTS]);
void throttle_sum(struct throttle *, int64_t now, struct throttle_sum *out);
/* Sets the counts of address and name to zero, for all processes. Both NULL: all counts. */
void throttle_forgive(struct throttle *, const char *address, const char *name);
