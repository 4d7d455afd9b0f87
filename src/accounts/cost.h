/*
 * What verifying passwords costs, learned by measuring, in PBKDF2-HMAC-SHA256 iterations of this
 * machine.
 *
 * One measurement is worth little: other processes disturb it, and never make it less. So each only
 * moves what is known by a small share, up or down, and it settles where half of them are above: a
 * disturbed one is forgotten again, even if it was the first. What is known is the process's own.
 */
#ifndef ACCOUNTS_COST_H
#define ACCOUNTS_COST_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds of processor time that this thread has used. */
double cost_clock(void);

/* So many iterations took so long; few say nothing and are passed over. */
void cost_learn_iterations(long iterations, double nanoseconds);

/* Whether there was one such yet; before, nothing else can be said. */
bool cost_is_known(void);

/*
 * Verifying one of a kind, of those that cost alike, took so long: what one of that kind typically
 * costs. Of more kinds than a site has, only this one measurement is known.
 */
long cost_learn_kind(uint64_t kind, double nanoseconds);

/* What one of the dearest kind typically costs. */
long cost_dearest(void);

#endif
