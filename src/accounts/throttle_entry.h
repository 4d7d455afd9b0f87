/*
 * An entry of the throttle's table: the tries of one key, in one word, so that each change of it is
 * one atomic instruction. 24 bits of the key, 8 of the count, 32 of the time of the last try.
 */
#ifndef ACCOUNTS_THROTTLE_ENTRY_H
#define ACCOUNTS_THROTTLE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#define NOT_AN_ENTRY 0 /* no key has these 24 bits */

struct throttle_limit {
	long free;    /* tries without a wait */
	long longest; /* seconds */
	long decay;   /* seconds of silence after which one try is forgotten */
};

uint64_t entry_of(uint64_t key, uint64_t count, int64_t time);
bool entry_is(uint64_t entry, uint64_t key);
uint64_t entry_count(uint64_t entry);

/* Seconds since the last try. */
int64_t entry_age(uint64_t entry, int64_t now);

/* The tries that still count: one less for each time of silence. */
long entry_tries(const struct throttle_limit *, uint64_t entry, int64_t now);

/* The same with one try more, as far as it would make the next wait longer. */
uint64_t entry_with_try(const struct throttle_limit *, uint64_t entry, uint64_t key, int64_t now);

/* The seconds until another try, as far as this entry is that key's. */
long entry_wait(const struct throttle_limit *, uint64_t entry, uint64_t key, int64_t now);

#endif
