#include "accounts/cost.h"

#include <stddef.h>
#include <time.h>

enum {
	KINDS = 32,
	FEWEST = 1000, /* iterations that take long enough to be measured */
};

static double iteration; /* nanoseconds of one; 0: not known */

static struct kind {
	uint64_t name;
	double nanoseconds; /* 0: the place is free */
} kinds[KINDS];

double
cost_clock(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0)
		return 0;
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* By a sixty-fourth part towards what was measured: so it goes to the median. */
static void
learn(double *typical, double measured)
{
	const double step = *typical / 64;

	if (measured <= 0)
		return;
	if (*typical <= 0 || (measured > *typical - step && measured < *typical + step))
		*typical = measured;
	else
		*typical += measured > *typical ? step : -step;
}

void
cost_learn_iterations(long iterations, double nanoseconds)
{
	if (iterations >= FEWEST)
		learn(&iteration, nanoseconds / (double)iterations);
}

bool
cost_is_known(void)
{
	return iteration > 0;
}

static long
in_iterations(double nanoseconds)
{
	return iteration > 0 ? (long)(nanoseconds / iteration) : 0;
}

static struct kind *
kind_find(uint64_t name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].nanoseconds <= 0 || kinds[i].name == name)
			return kinds + i;
	return NULL;
}

long
cost_learn_kind(uint64_t name, double nanoseconds)
{
	struct kind *kind = kind_find(name);

	if (kind == NULL)
		return in_iterations(nanoseconds);
	kind->name = name;
	learn(&kind->nanoseconds, nanoseconds);
	return in_iterations(kind->nanoseconds);
}

long
cost_dearest(void)
{
	double dearest = 0;

	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].nanoseconds > dearest)
			dearest = kinds[i].nanoseconds;
	return in_iterations(dearest);
}
