#include "accounts/throttle_entry.h"

#define COUNT_MASK 0xffu

uint64_t
entry_of(uint64_t key, uint64_t count, int64_t time)
{
	return (key >> 40) << 40 | count << 32 | ((uint64_t)time & 0xffffffff);
}

uint64_t
entry_count(uint64_t entry)
{
	return entry >> 32 & COUNT_MASK;
}

/* A time that is still to come was written by a clock that has been set back. */
int64_t
entry_age(uint64_t entry, int64_t now)
{
	int64_t age = now - (int64_t)(entry & 0xffffffff);

	return age < 0 ? 0 : age;
}

bool
entry_is(uint64_t entry, uint64_t key)
{
	return entry != NOT_AN_ENTRY && entry >> 40 == key >> 40;
}

long
entry_tries(const struct throttle_limit *limit, uint64_t entry, int64_t now)
{
	int64_t count = (int64_t)entry_count(entry) - entry_age(entry, now) / limit->decay;

	return count < 0 ? 0 : (long)count;
}

static long
wait_after(const struct throttle_limit *limit, long count)
{
	long wait = 1;

	if (count < limit->free)
		return 0;
	for (long over = count - limit->free; over > 0 && wait < limit->longest; over--)
		wait *= 2;
	return wait < limit->longest ? wait : limit->longest;
}

/* More than this only would make the way back longer. */
static long
count_maximum(const struct throttle_limit *limit)
{
	long count = limit->free;

	while (wait_after(limit, count) < limit->longest)
		count++;
	return count;
}

uint64_t
entry_with_try(const struct throttle_limit *limit, uint64_t entry, uint64_t key, int64_t now)
{
	long count = entry_is(entry, key) ? entry_tries(limit, entry, now) : 0;

	if (count < count_maximum(limit))
		count++;
	return entry_of(key, (uint64_t)count, now);
}

long
entry_wait(const struct throttle_limit *limit, uint64_t entry, uint64_t key, int64_t now)
{
	long wait = 0;

	/* A clock was set back; a few seconds are other workers, whose request began later. */
	if ((int64_t)(entry & 0xffffffff) > now + 10)
		return 0;
	if (entry_is(entry, key))
		wait =
		    wait_after(limit, entry_tries(limit, entry, now)) - (long)entry_age(entry, now);
	return wait < 0 ? 0 : wait;
}
