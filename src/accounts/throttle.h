/*
 * Rate limit for logins, by address, by name and by both, and for secrets of OAuth's clients.
 *
 * The counts stand in a file that all workers of a host map into memory; every change of it is one
 * atomic instruction on one word, so there is no lock, and a worker that is killed leaves nothing
 * half done. Names and addresses are in it only as keyed hashes.
 *
 * After a few free tries, each refused login doubles the wait: 1, 2, 4, … seconds, up to a
 * minute for an address, two for a name, and fifteen for one name from one address. A pair of name
 * and address that has logged in before has a count of its own, so an attacker elsewhere cannot
 * lock the owner out. In an hour a name is tried at most 40 times from addresses where its owner
 * has logged in, and 60 times from all others. Successful logins are not counted.
 *
 * Wrong secrets are counted by client and address together, apart from logins; the longest wait is
 * five minutes. So a program with a wrong secret does not stop other programs of its host, and an
 * attacker at another address does not stop a client.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"
#include "config/config.h"

struct throttle;

#define THROTTLE_COUNTS 5 /* what is counted of a name and an address */

/* One login that was let through, until throttle_settle(). */
struct attempt {
	/* Hashes of address, name, both, both as a known pair, both as a client. */
	uint64_t keys[THROTTLE_COUNTS];
	int first, last; /* the keys that it counts for */
};

/*
 * The file of JWT_THROTTLE_FILE, by default one per user in /dev/shm, made if it is not there. NULL
 * after a line in the log: it cannot be made, or belongs to another user.
 */
struct throttle *throttle_open(const struct config *);

/*
 * Whether that login may be tried now: 0 if so, and it counts as a failure as long as it is not
 * settled; else the seconds to wait. address: as the web server says it, NULL if it does not; an
 * IPv6 address stands for its /64. now: seconds since the epoch; a clock set back or forward adds
 * at most one wait.
 */
long throttle_try(
    struct throttle *, const char *address, struct bytes name, int64_t now, struct attempt *out);

/* How it ended. UNDECIDED (an outage) is not counted. */
void throttle_settle(struct throttle *, const struct attempt *, enum verdict, int64_t now);

/*
 * Seconds until a client may send a secret from that address; 0: now. There is no limit without a
 * throttle (NULL), nor without an address (NULL or empty), because an attacker's guesses would then
 * stop the client itself. Counts nothing.
 */
long throttle_client_wait(
    struct throttle *, const char *address, const char *client_id, int64_t now);

/* Counts a wrong secret. */
void throttle_client_refused(
    struct throttle *, const char *address, const char *client_id, int64_t now);

/*
 * For an administrator, who asks from another process. address and name as above; either may be
 * NULL: what is counted by both (PAIR) needs both.
 */
struct throttle_count {
	const char *by; /* "address", "name", "pair", "known pair", "client" (the name is its id) */
	long tries;     /* refused logins or secrets that still count */
	long wait;      /* seconds until the next may be tried */
};

/* In the whole file, where names and addresses are hashes only. */
struct throttle_sum {
	long counted;  /* names, addresses and pairs with tries */
	long known;    /* pairs that have logged in before */
	long failures; /* in the current minute */
};

/* As throttle_open(), but a file that is not there is an error. */
struct throttle *throttle_find(const struct config *);
/* Returns how many counts are in out. */
size_t throttle_show(struct throttle *, const char *address, const char *name, int64_t now,
    struct throttle_count out[static THROTTLE_COUNTS]);
void throttle_sum(struct throttle *, int64_t now, struct throttle_sum *out);
/* Sets those counts to zero for all processes. Both NULL: all counts. */
void throttle_forgive(struct throttle *, const char *address, const char *name);
