#include "accounts/cost.h"

#include <time.h>

enum { KINDS = 32 };

static struct kind {
	uint64_t name;
	struct cost_law law;
	double cost; /* of one block; 0: the place is free */
} kinds[KINDS];

double
cost_clock(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0)
		return 0;
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct kind *
kind_find(uint64_t name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].cost <= 0 || kinds[i].name == name)
			return kinds + i;
	return NULL;
}

static double
blocks_of(const struct cost_law *law, size_t length)
{
	return law->blocks != NULL ? law->blocks(law->salt, length) : 1;
}

/* Four steps down undo one up, so that it settles where one of five measurements is above. */
static double
moved(double cost, double measured)
{
	double up = cost + cost / 12, down = cost - cost / 48;

	if (cost <= 0)
		return measured;
	if (measured > cost)
		return measured < up ? measured : up;
	return measured > down ? measured : down;
}

void
cost_learn(uint64_t name, struct cost_law law, size_t length, double iterations)
{
	struct kind *kind = kind_find(name);

	if (kind == NULL)
		return;
	kind->name = name;
	kind->law = law;
	kind->cost = moved(kind->cost, iterations / blocks_of(&law, length));
}

long
cost_dearest(size_t length)
{
	double dearest = 0;

	for (size_t i = 0; i < KINDS; i++) {
		double cost = kinds[i].cost * blocks_of(&kinds[i].law, length);

		if (cost > dearest)
			dearest = cost;
	}
	return (long)dearest;
}
