/*
 * The rate limit for an administrator: jwtctl throttle.
 */
#include "accounts/throttle_table.h"

/* Whether a kind is counted by what is given. */
static bool
kind_applies(int kind, const char *address, const char *name)
{
	return (kind == NAME || address != NULL) && (kind == ADDRESS || name != NULL);
}

size_t
throttle_show(struct throttle *throttle, const char *address, const char *name, int64_t now,
    struct throttle_count out[static THROTTLE_COUNTS])
{
	static const char *const names[] = {"address", "name", "pair", "known pair", "client"};
	struct attempt attempt;
	size_t count = 0;

	throttle_keys(throttle, address, bytes_of(name == NULL ? "" : name), &attempt);
	for (int kind = ADDRESS; kind <= CLIENT; kind++) {
		uint64_t key = attempt.keys[kind];
		uint64_t entry = throttle_table_entry(throttle, (enum throttle_kind)kind, key);

		if (!kind_applies(kind, address, name) ||
		    (kind >= KNOWN_PAIR && entry == NOT_AN_ENTRY))
			continue;
		out[count++] = (struct throttle_count){names[kind],
		    throttle_table_tries(&throttle->limits[kind], entry, now),
		    throttle_table_wait(throttle, (enum throttle_kind)kind, key, now)};
	}
	return count;
}

void
throttle_sum(struct throttle *throttle, int64_t now, struct throttle_sum *out)
{
	struct throttle_table *table = throttle->table;
	bool this_minute = atomic_load(&table->minute) == (uint64_t)now / 60;

	*out = (struct throttle_sum){
	    .failures = this_minute ? (long)atomic_load(&table->failures) : 0};
	for (size_t i = 0; i < SETS * WAYS; i++) {
		uint64_t counted = atomic_load(&table->counted[i / WAYS][i % WAYS]);

		out->counted += throttle_table_tries(&throttle->limits[NAME], counted, now) > 0;
		out->known += atomic_load(&table->known[i / WAYS][i % WAYS]) != NOT_AN_ENTRY;
	}
}

void
throttle_forgive(struct throttle *throttle, const char *address, const char *name)
{
	struct throttle_table *table = throttle->table;
	struct attempt attempt;

	if (address == NULL && name == NULL) {
		for (size_t i = 0; i < SETS * WAYS; i++) {
			atomic_fetch_and(&table->counted[i / WAYS][i % WAYS], ~COUNT_BITS);
			atomic_fetch_and(&table->known[i / WAYS][i % WAYS], ~COUNT_BITS);
		}
		return;
	}
	throttle_keys(throttle, address, bytes_of(name == NULL ? "" : name), &attempt);
	for (int kind = ADDRESS; kind <= CLIENT; kind++)
		if (kind_applies(kind, address, name))
			throttle_table_forgive(
			    throttle, (enum throttle_kind)kind, attempt.keys[kind]);
}
