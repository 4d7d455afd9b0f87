#include "accounts/throttle.h"

#include "base/address.h"
#include "base/file.h"
#include "base/log.h"

/* As in known.c: the functions that are not deprecated cost ten times as much. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STUFFING     50   /* failures within a minute that are worth a line */
#define SETS         8192 /* a power of two */
#define WAYS         8    /* entries of a set, which is a line of the processor's cache */
#define BITS         256  /* of a set that is counted by chance */
#define COUNT_BITS   (UINT64_C(0xff) << 32)
#define NOT_AN_ENTRY 0 /* no key has these 24 bits */
#define LAYOUT       UINT64_C(0x31656c74746f7274)

/* What tries are counted for; the table of a running process depends on these numbers. */
enum kind { ADDRESS, NAME, PAIR, KNOWN_PAIR, CLIENT };

struct limit {
	long free;    /* tries without a wait */
	long longest; /* seconds */
	long decay;   /* seconds of silence after which one try is forgotten */
};

/*
 * The file. Known pairs have sets of their own, so that no flood of guesses can make them
 * forgotten. In a full set the entry that counts least is replaced.
 */
struct table {
	_Atomic uint64_t layout;
	unsigned char secret[32];
	/* The failures of the current minute, and from and of how many about. */
	_Atomic uint64_t minute, failures;
	_Atomic uint64_t addresses[BITS / 64], names[BITS / 64];
	_Alignas(64) _Atomic uint64_t counted[SETS][WAYS];
	_Atomic uint64_t known[SETS][WAYS];
};

struct throttle {
	struct table *table;
	struct limit limits[CLIENT + 1];
};

/*
 * An entry is the tries of one key in one word, so that each change is one atomic instruction: 24
 * bits of the key, 8 of the count, 32 of the time of the last try.
 */
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

/* Seconds since the last try. A time that is still to come was written before a clock was set back.
 */
static int64_t
entry_age(uint64_t entry, int64_t now)
{
	return now < entry_time(entry) ? 0 : now - entry_time(entry);
}

/* The tries that still count: one less for each time of silence. */
static long
entry_tries(const struct limit *limit, uint64_t entry, int64_t now)
{
	long count = (long)(entry >> 32 & 0xff) - (long)(entry_age(entry, now) / limit->decay);

	return count < 0 ? 0 : count;
}

static long
wait_after(const struct limit *limit, long tries)
{
	long wait = 1;

	if (tries < limit->free)
		return 0;
	for (long over = tries - limit->free; over > 0 && wait < limit->longest; over--)
		wait *= 2;
	return wait < limit->longest ? wait : limit->longest;
}

/* The seconds until another try, as far as this entry is that key's. */
static long
entry_wait(const struct limit *limit, uint64_t entry, uint64_t key, int64_t now)
{
	long wait;

	/* A clock was set back; a few seconds are other workers, whose request began later. */
	if (!entry_is(entry, key) || entry_time(entry) > now + 10)
		return 0;
	wait = wait_after(limit, entry_tries(limit, entry, now)) - (long)entry_age(entry, now);
	return wait < 0 ? 0 : wait;
}

static _Atomic uint64_t *
set_of(struct throttle *throttle, enum kind kind, uint64_t key)
{
	struct table *table = throttle->table;

	return (kind == KNOWN_PAIR ? table->known : table->counted)[key % SETS];
}

/* The place of that key; NULL if it has none. */
static _Atomic uint64_t *
find(struct throttle *throttle, enum kind kind, uint64_t key)
{
	_Atomic uint64_t *set = set_of(throttle, kind, key);

	for (size_t i = 0; i < WAYS; i++)
		if (entry_is(atomic_load(&set[i]), key))
			return &set[i];
	return NULL;
}

/* How much would be lost with an entry: what it counts, then how young it is. */
static int64_t
worth(const struct limit *limit, enum kind kind, uint64_t entry, int64_t now)
{
	int64_t youth = INT32_MAX - entry_age(entry, now);

	if (entry == NOT_AN_ENTRY)
		return -1;
	/* The kind of another's entry is not known: the limits of names are in the middle. */
	return kind == KNOWN_PAIR ? youth : ((int64_t)entry_tries(limit, entry, now) << 32) + youth;
}

/* The place of that key, with what stands there, which may be another's that it may replace. */
static _Atomic uint64_t *
find_place(struct throttle *throttle, enum kind kind, uint64_t key, int64_t now, uint64_t *entry)
{
	_Atomic uint64_t *set = set_of(throttle, kind, key);
	_Atomic uint64_t *place = find(throttle, kind, key);
	int64_t least = INT64_MAX;

	if (place != NULL) {
		*entry = atomic_load(place);
		return place;
	}
	for (size_t i = 0; i < WAYS; i++) {
		uint64_t here = atomic_load(&set[i]);
		int64_t value = worth(&throttle->limits[NAME], kind, here, now);

		if (value < least) {
			least = value;
			place = &set[i];
			*entry = here;
		}
	}
	return place;
}

static long
wait_of(struct throttle *throttle, enum kind kind, uint64_t key, int64_t now)
{
	_Atomic uint64_t *place = find(throttle, kind, key);

	return place == NULL ? 0
			     : entry_wait(&throttle->limits[kind], atomic_load(place), key, now);
}

/* Counts a try: 0, or the seconds to wait if another worker has just taken the last one. */
static long
take(struct throttle *throttle, enum kind kind, uint64_t key, int64_t now)
{
	const struct limit *limit = &throttle->limits[kind];
	_Atomic uint64_t *place;
	uint64_t entry;
	long tries, wait;

	do {
		place = find_place(throttle, kind, key, now, &entry);
		wait = entry_wait(limit, entry, key, now);
		if (wait > 0)
			return wait;
		tries = entry_is(entry, key) ? entry_tries(limit, entry, now) : 0;
		/* More than makes the longest wait would only be forgotten later. */
		tries += wait_after(limit, tries) < limit->longest;
	} while (
	    !atomic_compare_exchange_strong(place, &entry, entry_of(key, (uint64_t)tries, now)));
	return 0;
}

static void
give_back(struct throttle *throttle, enum kind kind, uint64_t key)
{
	_Atomic uint64_t *place = find(throttle, kind, key);
	uint64_t entry = place == NULL ? NOT_AN_ENTRY : atomic_load(place);

	while (entry_is(entry, key) && (entry >> 32 & 0xff) > 0 &&
	       !atomic_compare_exchange_weak(place, &entry, entry - (UINT64_C(1) << 32)))
		;
}

static void
remember(struct throttle *throttle, uint64_t key, int64_t now)
{
	uint64_t entry;
	_Atomic uint64_t *place = find_place(throttle, KNOWN_PAIR, key, now, &entry);

	/* If another worker was faster, it did the same, or the next login will. */
	atomic_compare_exchange_strong(place, &entry, entry_of(key, 0, now));
}

/* The bytes by which an address is known: four, or the first eight of IPv6, or itself. */
static struct bytes
network_of(const char *text, struct address *memory)
{
	if (!address_parse(text, memory))
		return bytes_of(text);
	if (address_is_ipv4(memory))
		return (struct bytes){(char *)memory->bytes + 12, 4};
	return (struct bytes){(char *)memory->bytes, 8};
}

/* Never NOT_AN_ENTRY. */
static uint64_t
hash(struct throttle *throttle, enum kind kind, struct bytes one, struct bytes other)
{
	unsigned char digest[SHA256_DIGEST_LENGTH], number = (unsigned char)kind;
	uint64_t key, length = one.length;
	SHA256_CTX context;

	SHA256_Init(&context);
	SHA256_Update(&context, throttle->table->secret, sizeof(throttle->table->secret));
	SHA256_Update(&context, &number, sizeof(number));
	SHA256_Update(&context, &length, sizeof(length));
	SHA256_Update(&context, one.data, one.length);
	SHA256_Update(&context, other.data, other.length);
	SHA256_Final(digest, &context);
	memcpy(&key, digest, sizeof(key));
	return key >> 40 == 0 ? key | UINT64_C(1) << 40 : key;
}

/* Spellings that a case-insensitive column takes for one name share its tries (ASCII only). */
static struct bytes
fold(struct bytes name, char memory[256])
{
	if (name.length > 256)
		return name;
	for (size_t i = 0; i < name.length; i++)
		memory[i] = name.data[i] >= 'A' && name.data[i] <= 'Z' ? (char)(name.data[i] + 32)
								       : name.data[i];
	return (struct bytes){memory, name.length};
}

static void
attempt_make(struct throttle *throttle, const char *address, struct bytes name, struct attempt *out)
{
	struct address network_memory;
	char name_memory[256];
	struct bytes network = network_of(address == NULL ? "" : address, &network_memory);
	struct bytes empty = {"", 0};

	name = fold(name, name_memory);
	out->keys[ADDRESS] = hash(throttle, ADDRESS, network, empty);
	out->keys[NAME] = hash(throttle, NAME, name, empty);
	out->keys[PAIR] = hash(throttle, PAIR, network, name);
	out->keys[KNOWN_PAIR] = hash(throttle, KNOWN_PAIR, network, name);
	out->keys[CLIENT] = hash(throttle, CLIENT, network, name);
	out->first = network.length > 0 ? ADDRESS : NAME;
	out->last = PAIR;
	if (find(throttle, KNOWN_PAIR, out->keys[KNOWN_PAIR]) != NULL)
		out->first = out->last = KNOWN_PAIR;
}

long
throttle_try(struct throttle *throttle, const char *address, struct bytes name, int64_t now,
    struct attempt *out)
{
	long wait = 0;

	attempt_make(throttle, address, name, out);
	/* All limits are tested before a try is counted: a refusal here counts no try. */
	for (int kind = out->first; kind <= out->last; kind++) {
		long more = wait_of(throttle, (enum kind)kind, out->keys[kind], now);

		wait = more > wait ? more : wait;
	}
	for (int kind = out->first; kind <= out->last && wait == 0; kind++)
		wait = take(throttle, (enum kind)kind, out->keys[kind], now);
	return wait;
}

/* false: there is no limit. */
static bool
client_key(struct throttle *throttle, const char *address, const char *client_id, uint64_t *out)
{
	struct attempt attempt;

	if (throttle == NULL || address == NULL || *address == '\0')
		return false;
	attempt_make(throttle, address, bytes_of(client_id), &attempt);
	*out = attempt.keys[CLIENT];
	return true;
}

long
throttle_client_wait(
    struct throttle *throttle, const char *address, const char *client_id, int64_t now)
{
	uint64_t key;

	return client_key(throttle, address, client_id, &key) ? wait_of(throttle, CLIENT, key, now)
							      : 0;
}

void
throttle_client_refused(
    struct throttle *throttle, const char *address, const char *client_id, int64_t now)
{
	uint64_t key;

	if (client_key(throttle, address, client_id, &key))
		take(throttle, CLIENT, key, now);
}

static void
set_bit(_Atomic uint64_t *words, uint64_t key)
{
	atomic_fetch_or(&words[key / 64 % (BITS / 64)], UINT64_C(1) << key % 64);
}

static int
count_bits(const _Atomic uint64_t *words)
{
	int bits = 0;

	for (size_t i = 0; i < BITS / 64; i++)
		bits += __builtin_popcountll(atomic_load(&words[i]));
	return bits;
}

/*
 * Many names from many addresses, none often enough to have to wait: a list of stolen passwords is
 * tried. At the end of a minute two workers may count a failure differently: it is only a hint.
 */
static void
watch_for_stuffing(struct throttle *throttle, const struct attempt *attempt, int64_t now)
{
	struct table *table = throttle->table;
	uint64_t minute = (uint64_t)now / 60, before = atomic_load(&table->minute);

	if (before != minute && atomic_compare_exchange_strong(&table->minute, &before, minute)) {
		atomic_store(&table->failures, 0);
		for (size_t i = 0; i < BITS / 64; i++) {
			atomic_store(&table->addresses[i], 0);
			atomic_store(&table->names[i], 0);
		}
	}
	set_bit(table->addresses, attempt->keys[ADDRESS]);
	set_bit(table->names, attempt->keys[NAME]);
	if (atomic_fetch_add(&table->failures, 1) == STUFFING - 1 &&
	    count_bits(table->names) > STUFFING / 2)
		log_warning(
		    "credential stuffing? %d refused logins within a minute, of about %d names "
		    "from about %d addresses",
		    STUFFING, count_bits(table->names), count_bits(table->addresses));
}

void
throttle_settle(
    struct throttle *throttle, const struct attempt *attempt, enum verdict verdict, int64_t now)
{
	if (verdict == VERDICT_NO) {
		watch_for_stuffing(throttle, attempt, now);
		return;
	}
	for (int kind = attempt->first; kind <= attempt->last; kind++)
		give_back(throttle, (enum kind)kind, attempt->keys[kind]);
	if (verdict == VERDICT_YES)
		remember(throttle, attempt->keys[KNOWN_PAIR], now);
}

static bool
table_prepare(void *mapped)
{
	struct table *table = mapped;

	if (atomic_load(&table->layout) != LAYOUT &&
	    RAND_bytes(table->secret, sizeof(table->secret)) != 1)
		return false;
	atomic_store(&table->layout, LAYOUT);
	return true;
}

/* Whether a kind is counted of what is given. */
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

	attempt_make(throttle, address, bytes_of(name == NULL ? "" : name), &attempt);
	for (int kind = ADDRESS; kind <= CLIENT; kind++) {
		uint64_t key = attempt.keys[kind];
		_Atomic uint64_t *place = find(throttle, (enum kind)kind, key);
		uint64_t entry = place == NULL ? NOT_AN_ENTRY : atomic_load(place);

		if (!kind_applies(kind, address, name) ||
		    (kind >= KNOWN_PAIR && !entry_is(entry, key)))
			continue;
		out[count++] = (struct throttle_count){names[kind],
		    entry_tries(&throttle->limits[kind], entry, now),
		    entry_wait(&throttle->limits[kind], entry, key, now)};
	}
	return count;
}

void
throttle_sum(struct throttle *throttle, int64_t now, struct throttle_sum *out)
{
	struct table *table = throttle->table;
	bool this_minute = atomic_load(&table->minute) == (uint64_t)now / 60;

	*out = (struct throttle_sum){
	    .failures = this_minute ? (long)atomic_load(&table->failures) : 0};
	for (size_t i = 0; i < SETS * WAYS; i++) {
		uint64_t counted = atomic_load(&table->counted[i / WAYS][i % WAYS]);

		out->counted += entry_tries(&throttle->limits[NAME], counted, now) > 0;
		out->known += atomic_load(&table->known[i / WAYS][i % WAYS]) != NOT_AN_ENTRY;
	}
}

/* Also of a known pair: that it has logged in before stays. */
static void
forgive_key(struct throttle *throttle, enum kind kind, uint64_t key)
{
	_Atomic uint64_t *place = find(throttle, kind, key);
	uint64_t entry = place == NULL ? NOT_AN_ENTRY : atomic_load(place);

	while (entry_is(entry, key) &&
	       !atomic_compare_exchange_weak(place, &entry, entry & ~COUNT_BITS))
		;
}

void
throttle_forgive(struct throttle *throttle, const char *address, const char *name)
{
	struct table *table = throttle->table;
	struct attempt attempt;

	if (address == NULL && name == NULL) {
		for (size_t i = 0; i < SETS * WAYS; i++) {
			atomic_fetch_and(&table->counted[i / WAYS][i % WAYS], ~COUNT_BITS);
			atomic_fetch_and(&table->known[i / WAYS][i % WAYS], ~COUNT_BITS);
		}
		return;
	}
	attempt_make(throttle, address, bytes_of(name == NULL ? "" : name), &attempt);
	for (int kind = ADDRESS; kind <= CLIENT; kind++)
		if (kind_applies(kind, address, name))
			forgive_key(throttle, (enum kind)kind, attempt.keys[kind]);
}

/* The file, in memory of the caller's if that is the usual one. */
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
	    .mode = 0600, .size = sizeof(struct table), .prepare = table_prepare};
	static struct throttle throttle;
	char usual[64];
	const char *path = path_of(config, usual), *why;

	throttle.limits[ADDRESS] = (struct limit){config->throttle_address_tries, 60, 60};
	throttle.limits[NAME] = (struct limit){config->throttle_name_tries, 120, 300};
	throttle.limits[PAIR] = (struct limit){5, 900, 900};
	throttle.limits[KNOWN_PAIR] = (struct limit){20, 600, 600};
	throttle.limits[CLIENT] = (struct limit){10, 300, 300};
	throttle.table = file_map_shared(path, &kind, &why);
	if (throttle.table == NULL) {
		log_error("JWT_THROTTLE_FILE %s: %s", path, why);
		return NULL;
	}
	madvise(throttle.table, sizeof(*throttle.table), MADV_DONTDUMP);
	return &throttle;
}
