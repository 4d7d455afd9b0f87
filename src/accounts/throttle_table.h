/*
 * The file that all workers of a host map into memory, with what the throttle counts. What is in it
 * is changed by atomic instructions only, so a worker that is killed leaves nothing half done.
 */
#ifndef ACCOUNTS_THROTTLE_TABLE_H
#define ACCOUNTS_THROTTLE_TABLE_H

#include <stdatomic.h>
#include <stdint.h>

#define THROTTLE_SETS 8192 /* a power of two */
#define THROTTLE_WAYS 8
#define THROTTLE_BITS 256 /* of a set that is counted by chance */

/*
 * A set of entries is a line of the cache. An entry that counts for nothing any more is the first
 * to be replaced, then the one that counts least; known pairs have sets of their own, so that no
 * flood of guesses can make them forgotten.
 */
struct throttle_set {
	_Atomic uint64_t entries[THROTTLE_WAYS];
};

struct throttle_table {
	_Atomic uint64_t magic;
	unsigned char secret[32];
	/* The failures of the current minute, and from and of how many about. */
	_Atomic uint64_t minute, failures;
	_Atomic uint64_t addresses[THROTTLE_BITS / 64], names[THROTTLE_BITS / 64];
	_Alignas(64) struct throttle_set counted[THROTTLE_SETS];
	struct throttle_set known[THROTTLE_SETS];
};

/*
 * That file, made if it is not there; NULL for the default, one per user in /dev/shm. NULL after a
 * line in the log: it cannot be made, or is not ours alone.
 */
struct throttle_table *throttle_table_open(const char *path);

#endif
