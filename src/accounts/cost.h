/*
 * What verifying passwords costs, learned by measuring: a value for each kind of stored string, of
 * those that cost alike.
 *
 * One measurement is worth little: what else the machine does makes the same work dearer by a half
 * from one second to the next. So each only moves what is known by a small share, and it settles
 * where most of them are below: then nearly every refusal can be made to cost the same. A disturbed
 * one is forgotten again, even if it was the first. What is known is the process's own.
 *
 * A few formats take the longer the longer the password is that is tried. What they cost is learned
 * for all lengths at once, by a law of theirs: a refusal of a password that nobody has tried in
 * this length must not tell either.
 */
#ifndef ACCOUNTS_COST_H
#define ACCOUNTS_COST_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of processor time that this thread has used. */
double cost_clock(void);

/* How the cost goes with the password's length: as its blocks do. */
struct cost_law {
	double (*blocks)(size_t salt, size_t length); /* NULL: as many for all lengths */
	size_t salt;                                  /* its length */
};

/* Verifying a password of that length by one of a kind took as long as so many iterations. */
void cost_learn(uint64_t kind, struct cost_law, size_t length, double iterations);

/* What one of the dearest kind typically takes for a password of that length; of more kinds than a
 * site has, some are forgotten. */
long cost_dearest(size_t length);

#endif
