/*
 * What verifying passwords costs, learned by measuring: a value for each kind of stored string, of
 * those that cost alike.
 *
 * One measurement is worth little: what else the machine does makes the same work dearer by a half
 * from one second to the next. So each only moves what is known by a small share, and it settles
 * where most of them are below: then nearly every refusal can be made to cost the same. A disturbed
 * one is forgotten again, even if it was the first. What is known is the process's own.
 */
#ifndef ACCOUNTS_COST_H
#define ACCOUNTS_COST_H

#include <stdint.h>

/* Nanoseconds of processor time that this thread has used. */
double cost_clock(void);

/* Verifying one of a kind took as long as so many PBKDF2 iterations. */
void cost_learn(uint64_t kind, double iterations);

/* What one of the dearest kind typically takes; of more kinds than a site has, some are forgotten.
 */
long cost_dearest(void);

#endif
