#include "accounts/throttle_table.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LAYOUT UINT64_C(0x31656c74746f7274)

static uint64_t
entry_of(uint64_t key, uint64_t count, int64_t time)
{
	return (key >> 40) << 40 | count << 32 | ((uint64_t)time & 0xffffffff);
}

static bool
entry_is(uint64_t entry, uint64_t key)
{
	return entry != NOT_AN_ENTRY && entry >> 40 == key >> 40;
}

static int64_t
entry_time(uint64_t entry)
{
	return (int64_t)(entry & 0xffffffff);
}

/* Seconds since the last try; 0 if its time is in the future, because a clock was set back. */
static int64_t
entry_age(uint64_t entry, int64_t now)
{
	return now < entry_time(entry) ? 0 : now - entry_time(entry);
}

long
throttle_table_tries(const struct throttle_limit *limit, uint64_t entry, int64_t now)
{
	long count = (long)(entry >> 32 & 0xff) - (long)(entry_age(entry, now) / limit->decay);

	return count < 0 ? 0 : count;
}

static long
wait_after(const struct throttle_limit *limit, long tries)
{
	long wait = 1;

	if (tries < limit->free)
		return 0;
	for (long over = tries - limit->free; over > 0 && wait < limit->longest; over--)
		wait *= 2;
	return wait < limit->longest ? wait : limit->longest;
}

/* Seconds until the next try of a key; 0 also if the entry is another key's. */
static long
entry_wait(const struct throttle_limit *limit, uint64_t entry, uint64_t key, int64_t now)
{
	long wait;

	/* The clock was set back; a few seconds are normal: another request began later. */
	if (!entry_is(entry, key) || entry_time(entry) > now + 10)
		return 0;
	wait = wait_after(limit, throttle_table_tries(limit, entry, now)) -
	       (long)entry_age(entry, now);
	return wait < 0 ? 0 : wait;
}

/* The places where the entry of a key may be. */
struct places {
	_Atomic uint64_t *first;
	size_t count;
};

/*
 * The last entry of each set of counts is for clients: refusing a wrong secret takes no password
 * hash, so a flood of them would soon displace the counts of logins.
 */
static struct places
places_of(struct throttle *throttle, enum throttle_kind kind, uint64_t key)
{
	struct throttle_table *table = throttle->table;
	size_t set = key % SETS;

	switch (kind) {
	case KNOWN_PAIR:
		return (struct places){table->known[set], WAYS};
	case CLIENT:
		return (struct places){&table->counted[set][WAYS - 1], 1};
	default:
		return (struct places){table->counted[set], WAYS - 1};
	}
}

/* The place of a key's entry; NULL if it has none. */
static _Atomic uint64_t *
find(struct throttle *throttle, enum throttle_kind kind, uint64_t key)
{
	struct places places = places_of(throttle, kind, key);

	for (size_t i = 0; i < places.count; i++)
		if (entry_is(atomic_load(&places.first[i]), key))
			return places.first + i;
	return NULL;
}

uint64_t
throttle_table_entry(struct throttle *throttle, enum throttle_kind kind, uint64_t key)
{
	_Atomic uint64_t *place = find(throttle, kind, key);

	return place == NULL ? NOT_AN_ENTRY : atomic_load(place);
}

/* How much an entry counts when one is to be replaced: by its tries, then by its youth. */
static int64_t
worth(const struct throttle_limit *limit, enum throttle_kind kind, uint64_t entry, int64_t now)
{
	int64_t youth = INT32_MAX - entry_age(entry, now);

	if (entry == NOT_AN_ENTRY)
		return -1;
	/* The kind of the entry is unknown; the limits of names are between the others. */
	return kind == KNOWN_PAIR
		   ? youth
		   : ((int64_t)throttle_table_tries(limit, entry, now) << 32) + youth;
}

/* The place of a key's entry, or of the one that it replaces; *entry: what is there now. */
static _Atomic uint64_t *
find_place(
    struct throttle *throttle, enum throttle_kind kind, uint64_t key, int64_t now, uint64_t *entry)
{
	struct places places = places_of(throttle, kind, key);
	_Atomic uint64_t *place = find(throttle, kind, key);
	int64_t least = INT64_MAX;

	if (place != NULL) {
		*entry = atomic_load(place);
		return place;
	}
	for (size_t i = 0; i < places.count; i++) {
		uint64_t here = atomic_load(&places.first[i]);
		int64_t value = worth(&throttle->limits[NAME], kind, here, now);

		if (value < least) {
			least = value;
			place = places.first + i;
			*entry = here;
		}
	}
	return place;
}

long
throttle_table_wait(struct throttle *throttle, enum throttle_kind kind, uint64_t key, int64_t now)
{
	return entry_wait(
	    &throttle->limits[kind], throttle_table_entry(throttle, kind, key), key, now);
}

long
throttle_table_take(struct throttle *throttle, enum throttle_kind kind, uint64_t key, int64_t now)
{
	const struct throttle_limit *limit = &throttle->limits[kind];
	_Atomic uint64_t *place;
	uint64_t entry;
	long tries, wait;

	do {
		place = find_place(throttle, kind, key, now, &entry);
		wait = entry_wait(limit, entry, key, now);
		if (wait > 0)
			return wait;
		tries = entry_is(entry, key) ? throttle_table_tries(limit, entry, now) : 0;
		/* A count above that of the longest wait would only take longer to be forgotten. */
		tries += wait_after(limit, tries) < limit->longest;
	} while (
	    !atomic_compare_exchange_strong(place, &entry, entry_of(key, (uint64_t)tries, now)));
	return 0;
}

void
throttle_table_give_back(struct throttle *throttle, enum throttle_kind kind, uint64_t key)
{
	_Atomic uint64_t *place = find(throttle, kind, key);
	uint64_t entry = place == NULL ? NOT_AN_ENTRY : atomic_load(place);

	while (entry_is(entry, key) && (entry >> 32 & 0xff) > 0 &&
	       !atomic_compare_exchange_weak(place, &entry, entry - (UINT64_C(1) << 32)))
		;
}

void
throttle_table_remember(struct throttle *throttle, uint64_t key, int64_t now)
{
	uint64_t entry;
	_Atomic uint64_t *place = find_place(throttle, KNOWN_PAIR, key, now, &entry);

	/* If another worker was faster, it did the same, or the next login will. */
	atomic_compare_exchange_strong(place, &entry, entry_of(key, 0, now));
}

void
throttle_table_forgive(struct throttle *throttle, enum throttle_kind kind, uint64_t key)
{
	_Atomic uint64_t *place = find(throttle, kind, key);
	uint64_t entry = place == NULL ? NOT_AN_ENTRY : atomic_load(place);

	while (entry_is(entry, key) &&
	       !atomic_compare_exchange_weak(place, &entry, entry & ~COUNT_BITS))
		;
}

static bool
table_prepare(void *mapped)
{
	struct throttle_table *table = mapped;

	if (atomic_load(&table->layout) != LAYOUT &&
	    !crypto_random(table->secret, sizeof(table->secret)))
		return false;
	atomic_store(&table->layout, LAYOUT);
	return true;
}

/* The path of the file; the default is written to `usual`. */
static const char *
path_of(const struct config *config, char usual[static 64])
{
	if (config->throttle_file != NULL)
		return config->throttle_file;
	snprintf(usual, 64, "/dev/shm/jwt-fcgi-%u.throttle", (unsigned)geteuid());
	return usual;
}

struct throttle *
throttle_find(const struct config *config)
{
	char usual[64];
	const char *path = path_of(config, usual);

	if (access(path, F_OK) == 0)
		return throttle_open(config);
	log_error("JWT_THROTTLE_FILE %s: %s", path, strerror(errno));
	return NULL;
}

struct throttle *
throttle_open(const struct config *config)
{
	static const struct file_shared kind = {
	    .mode = 0600, .size = sizeof(struct throttle_table), .prepare = table_prepare};
	static struct throttle throttle;
	char usual[64];
	const char *path = path_of(config, usual), *why;

	throttle.limits[ADDRESS] = (struct throttle_limit){config->throttle_address_tries, 60, 60};
	throttle.limits[NAME] = (struct throttle_limit){config->throttle_name_tries, 120, 300};
	throttle.limits[PAIR] = (struct throttle_limit){5, 900, 900};
	throttle.limits[KNOWN_PAIR] = (struct throttle_limit){20, 600, 600};
	throttle.limits[CLIENT] = (struct throttle_limit){10, 300, 300};
	throttle.table = file_map_shared(path, &kind, &why);
	if (throttle.table == NULL) {
		log_error("JWT_THROTTLE_FILE %s: %s", path, why);
		return NULL;
	}
	madvise(throttle.table, sizeof(*throttle.table), MADV_DONTDUMP);
	return &throttle;
}
