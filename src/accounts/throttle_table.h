/*
 * The file of the rate limit's counts, which all workers of a host map into memory. For throttle.c;
 * throttle.h is for all others.
 */
#pragma once

#include "accounts/throttle.h"

#include <stdatomic.h>

#define SETS         8192 /* a power of two */
#define WAYS         8    /* entries of a set, which is a line of the processor's cache */
#define BITS         256  /* of a set that is counted by chance */
#define COUNT_BITS   (UINT64_C(0xff) << 32)
#define NOT_AN_ENTRY 0 /* no key has these 24 bits */

/* What tries are counted for; the table of a running process depends on these numbers. */
enum throttle_kind { ADDRESS, NAME, PAIR, KNOWN_PAIR, CLIENT };

struct throttle_limit {
	long free;    /* tries without a wait */
	long longest; /* seconds */
	long decay;   /* seconds of silence after which one try is forgotten */
};

/*
 * The file. Known pairs have sets of their own, so that no flood of guesses can make them
 * forgotten; clients have the last entry of each set of counts. Where all entries that a key may
 * have are taken, the one that counts least is replaced.
 */
struct throttle_table {
	_Atomic uint64_t layout;
	unsigned char secret[32];
	/* The failures of the current minute; the bits tell about how many addresses and names. */
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
 * What the file has of a key; NOT_AN_ENTRY: nothing. An entry is the tries of one key in one word,
 * so that each change is one atomic instruction: 24 bits of the key, 8 of the count, 32 of the time
 * of the last try.
 */
uint64_t throttle_table_entry(struct throttle *, enum throttle_kind, uint64_t key);

/* The tries of an entry that still count: one less for each time of silence. */
long throttle_table_tries(const struct throttle_limit *, uint64_t entry, int64_t now);

/* The seconds until another try of that key. */
long throttle_table_wait(struct throttle *, enum throttle_kind, uint64_t key, int64_t now);

/* Counts a try: 0, or the seconds to wait if another worker has just taken the last one. */
long throttle_table_take(struct throttle *, enum throttle_kind, uint64_t key, int64_t now);

/* Takes back a try that throttle_table_take() has counted. */
void throttle_table_give_back(struct throttle *, enum throttle_kind, uint64_t key);

/* Notes a pair that has logged in. */
void throttle_table_remember(struct throttle *, uint64_t key, int64_t now);

/* Sets the count of a key to zero; a known pair stays known. */
void throttle_table_forgive(struct throttle *, enum throttle_kind, uint64_t key);
