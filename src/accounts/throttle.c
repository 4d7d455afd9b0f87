#include "accounts/throttle_table.h"

#include "base/address.h"
#include "base/crypto.h"
#include "base/log.h"

#include <string.h>

#define STUFFING 50 /* refused logins within a minute that are worth a line in the log */

/* The bytes that identify an address: IPv4's four, IPv6's first eight, or else its text. */
static struct bytes
network_of(const char *text, struct address *memory)
{
	if (!address_parse(text, memory))
		return bytes_of(text);
	if (address_is_ipv4(memory))
		return (struct bytes){(char *)memory->bytes + 12, 4};
	return (struct bytes){(char *)memory->bytes, 8};
}

/* A key; its upper 24 bits are never those of NOT_AN_ENTRY. */
static uint64_t
hash(struct throttle *throttle, enum throttle_kind kind, struct bytes one, struct bytes other)
{
	const char *secret = (const char *)throttle->table->secret, number = (char)kind;
	unsigned char digest[SHA256_DIGEST_LENGTH];
	uint64_t key, length = one.length;
	const struct bytes pieces[] = {{secret, sizeof(throttle->table->secret)}, {&number, 1},
	    {(const char *)&length, sizeof(length)}, one, other};

	crypto_sha256_pieces(pieces, sizeof(pieces) / sizeof(*pieces), digest);
	memcpy(&key, digest, sizeof(key));
	return key >> 40 == 0 ? key | UINT64_C(1) << 40 : key;
}

/* In lower case (ASCII only): a case-insensitive column takes all spellings for one name. */
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

/* The keys of a login. */
static void
find_keys(struct throttle *throttle, const char *address, struct bytes name, struct attempt *out)
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
	if (throttle_table_entry(throttle, KNOWN_PAIR, out->keys[KNOWN_PAIR]) != NOT_AN_ENTRY)
		out->first = out->last = KNOWN_PAIR;
}

long
throttle_try(struct throttle *throttle, const char *address, struct bytes name, int64_t now,
    struct attempt *out)
{
	long wait = 0;

	find_keys(throttle, address, name, out);
	/* All limits are tested before a try is counted: a refusal here counts no try. */
	for (int kind = out->first; kind <= out->last; kind++) {
		long more =
		    throttle_table_wait(throttle, (enum throttle_kind)kind, out->keys[kind], now);

		wait = more > wait ? more : wait;
	}
	for (int kind = out->first; kind <= out->last && wait == 0; kind++)
		wait =
		    throttle_table_take(throttle, (enum throttle_kind)kind, out->keys[kind], now);
	return wait;
}

/* false: there is no limit. */
static bool
client_key(struct throttle *throttle, const char *address, const char *client_id, uint64_t *out)
{
	struct attempt attempt;

	if (throttle == NULL || address == NULL || *address == '\0')
		return false;
	find_keys(throttle, address, bytes_of(client_id), &attempt);
	*out = attempt.keys[CLIENT];
	return true;
}

long
throttle_client_wait(
    struct throttle *throttle, const char *address, const char *client_id, int64_t now)
{
	uint64_t key;

	return client_key(throttle, address, client_id, &key)
		   ? throttle_table_wait(throttle, CLIENT, key, now)
		   : 0;
}

void
throttle_client_refused(
    struct throttle *throttle, const char *address, const char *client_id, int64_t now)
{
	uint64_t key;

	if (client_key(throttle, address, client_id, &key))
		throttle_table_take(throttle, CLIENT, key, now);
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
 * Many names from many addresses, none often enough to have to wait, are a sign of a list of stolen
 * passwords. It is only a hint, so at the end of a minute two workers may count a failure
 * differently.
 */
static void
watch_for_stuffing(struct throttle *throttle, const struct attempt *attempt, int64_t now)
{
	struct throttle_table *table = throttle->table;
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
		throttle_table_give_back(throttle, (enum throttle_kind)kind, attempt->keys[kind]);
	if (verdict == VERDICT_YES)
		throttle_table_remember(throttle, attempt->keys[KNOWN_PAIR], now);
}

/* For an administrator: whether tries of a kind are counted for the address and name given. */
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

	find_keys(throttle, address, bytes_of(name == NULL ? "" : name), &attempt);
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
	find_keys(throttle, address, bytes_of(name == NULL ? "" : name), &attempt);
	for (int kind = ADDRESS; kind <= CLIENT; kind++)
		if (kind_applies(kind, address, name))
			throttle_table_forgive(
			    throttle, (enum throttle_kind)kind, attempt.keys[kind]);
}
