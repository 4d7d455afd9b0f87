/*
 * The file of the rate limit's counts, which all workers of a host map into memory. For throttle.c;
 * throttle.h is for all others.
 */
#pragma once

#include "accounts/throttle.h"

#include <stdatomic.h>

#define SETS         8192 /* a power of two */
#define WAYS         8    /* entries of a set, which is a cache line */
#define BITS         256  /* of a bitmap that estimates a number */
#define COUNT_BITS   (UINT64_C(0xff) << 32)
#define NOT_AN_ENTRY 0 /* the upper 24 bits of a key are never 0 */

/* The kinds of counts. Keys are made of these numbers, so they are part of the file's format. */
enum throttle_kind { ADDRESS, NAME, PAIR, KNOWN_PAIR, CLIENT };

struct throttle_limit {
	long free;    /* tries without a wait */
	long longest; /* seconds */
	long decay;   /* seconds without a try after which one is forgotten */
};

/*
 * The file. Known pairs have sets of their own, so that a flood of guesses cannot displace them;
 * clients have the last entry of each set of counts. If all entries that a key may use are taken,
 * it replaces the one that counts least.
 */
struct throttle_table {
	_Atomic uint64_t layout;
	unsigned char secret[32];
	/* Failures of the current minute; bitmaps estimate how many addresses and names. */
	_Atomic uint64_t minute, failures;
	_Atomic uint64_t addresses[BITS / 64], names[BITS / 64];
	_Alignas(64) _Atomic uint64_t counted[SETS][WAYS];
	_Atomic uint64_t known[SETS][WAYS];
};

struct throttle {
	struct throttle_table *table;
	struct throttle_limit limits[THROTTLE_COUNTS]; /* by kind */
};

/*
 * The entry of a key; NOT_AN_ENTRY if it has none. An entry holds the tries of one key in one word,
 * so that each change is one atomic instruction: 24 bits of the key, 8 bits for the count and 32
 * for the time of the last try.
 */
uint64_t throttle_table_entry(struct throttle *, enum throttle_kind, uint64_t key);

/* The tries of an entry that are not forgotten yet (limit->decay). */
long throttle_table_tries(const struct throttle_limit *, uint64_t entry, int64_t now);

/* Seconds until the next try of a key; 0: now. */
long throttle_table_wait(struct throttle *, enum throttle_kind, uint64_t key, int64_t now);

/* Counts a try: 0, or the seconds to wait if another worker has just used the last one. */
long throttle_table_take(struct throttle *, enum throttle_kind, uint64_t key, int64_t now);

/* Takes back a try that throttle_table_take() has counted. */
void throttle_table_give_back(struct throttle *, enum throttle_kind, uint64_t key);

/* Stores a pair that has logged in. */
void throttle_table_remember(struct throttle *, uint64_t key, int64_t now);

/* Sets the count of a key to zero; a known pair stays known. */
void throttle_table_forgive(struct throttle *, enum throttle_kind, uint64_t key);
