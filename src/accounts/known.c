#include "accounts/known.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BUCKET 4 /* entries: a cache line */

struct entry {
	uint64_t fact;          /* hash; 0: the entry is free */
	uint32_t user, session; /* hashes of user id and sid */
};

/* In a bucket the newest entry is first; free entries are last. */
struct known {
	char key[16];
	size_t buckets, count;
	struct entry (*entries)[BUCKET];
	char (*names)[BUCKET][KNOWN_NAME_MAXIMUM + 8]; /* NULL: a table without names */
};

/* Zeros that take memory only once written to; with M_PERTURB calloc(3) writes all of them. */
static void *
map(size_t size)
{
	void *zeros = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory_need(zeros == MAP_FAILED ? NULL : zeros);
}

struct known *
known_new(size_t facts, bool names)
{
	struct known *known = arena_alloc(arena_of_process(), sizeof(*known));

	known->buckets = (facts + BUCKET - 1) / BUCKET;
	known->entries = map(known->buckets * sizeof(*known->entries));
	if (names)
		known->names = map(known->buckets * sizeof(*known->names));
	if (!crypto_random(known->key, sizeof(known->key)))
		abort();
	return known;
}

/* A text with its NUL, so that two different lists of texts never have the same bytes. */
static struct bytes
piece(const char *text)
{
	return text == NULL ? (struct bytes){"\0", 2} : (struct bytes){text, strlen(text) + 1};
}

static uint64_t
hash_pieces(const struct bytes *pieces, size_t count)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	uint64_t out;

	crypto_sha256_pieces(pieces, count, digest);
	memcpy(&out, digest, sizeof(out));
	return out;
}

/* Never 0, which marks a free entry. */
static uint64_t
fact_hash(const struct known *known, const struct known_fact *fact)
{
	const struct bytes pieces[] = {{known->key, sizeof(known->key)}, piece(fact->user_id),
	    piece(fact->digest), piece(fact->sid), piece(fact->permission),
	    {(const char *)&fact->gen, sizeof(fact->gen)}};
	uint64_t hash = hash_pieces(pieces, sizeof(pieces) / sizeof(*pieces));

	return hash == 0 ? 1 : hash;
}

/* Of a user id or a sid; 0 for NULL. */
static uint32_t
id_hash(const struct known *known, const char *id)
{
	if (id == NULL)
		return 0;
	return (uint32_t)hash_pieces(
	    (const struct bytes[]){{known->key, sizeof(known->key)}, piece(id)}, 2);
}

/*
 * A fact is in one of two buckets. With a single choice 11,000 of 100,000 facts would not fit
 * into 131,072 entries; in the emptier of two buckets all but 800 do (tests/unit/test_known.c).
 */
static size_t
bucket_of(const struct known *known, uint64_t fact, int choice)
{
	uint32_t half = (uint32_t)(choice == 0 ? fact : fact >> 32);

	return half % known->buckets;
}

static int
bucket_find(const struct known *known, size_t bucket, uint64_t fact)
{
	for (int i = 0; i < BUCKET; i++)
		if (known->entries[bucket][i].fact == fact)
			return i;
	return -1;
}

static int
bucket_size(const struct known *known, size_t bucket)
{
	int free_one = bucket_find(known, bucket, 0);

	return free_one < 0 ? BUCKET : free_one;
}

bool
known_has(const struct known *known, const struct known_fact *fact, struct arena *arena,
    const char **name)
{
	uint64_t hash = fact_hash(known, fact);

	for (int choice = 0; choice < 2; choice++) {
		size_t bucket = bucket_of(known, hash, choice);
		int place = bucket_find(known, bucket, hash);

		if (place < 0)
			continue;
		if (known->names != NULL) {
			const char *kept = known->names[bucket][place];

			*name = arena_copy(arena, kept, strlen(kept));
		}
		return true;
	}
	return false;
}

/* Makes room at the front of a bucket; its oldest entry goes if there is no free one. */
static void
bucket_shift(struct known *known, size_t bucket)
{
	struct entry *entries = known->entries[bucket];

	known->count += entries[BUCKET - 1].fact == 0;
	memmove(&entries[1], &entries[0], (BUCKET - 1) * sizeof(*entries));
	if (known->names != NULL)
		memmove(known->names[bucket][1], known->names[bucket][0],
		    (BUCKET - 1) * sizeof(*known->names[bucket]));
}

void
known_add(struct known *known, const struct known_fact *fact, const char *name)
{
	uint64_t hash = fact_hash(known, fact);
	size_t bucket = bucket_of(known, hash, 0), other = bucket_of(known, hash, 1);

	if (known->names != NULL && (name == NULL || strlen(name) > KNOWN_NAME_MAXIMUM))
		return;
	if (bucket_find(known, bucket, hash) >= 0 || bucket_find(known, other, hash) >= 0)
		return;
	if (bucket_size(known, other) < bucket_size(known, bucket))
		bucket = other;
	bucket_shift(known, bucket);
	known->entries[bucket][0] = (struct entry){.fact = hash,
	    .user = id_hash(known, fact->user_id),
	    .session = id_hash(known, fact->sid)};
	if (known->names != NULL)
		memcpy(known->names[bucket][0], name, strlen(name) + 1);
}

static int
compare_hashes(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

/* Removes entry i; the entries behind it move up. */
static void
bucket_remove(struct known *known, size_t bucket, int i)
{
	struct entry *entries = known->entries[bucket];
	size_t behind = (size_t)(BUCKET - 1 - i);

	memmove(&entries[i], &entries[i + 1], behind * sizeof(*entries));
	entries[BUCKET - 1] = (struct entry){.fact = 0};
	if (known->names != NULL)
		memmove(known->names[bucket][i], known->names[bucket][i + 1],
		    behind * sizeof(*known->names[bucket]));
	known->count--;
}

static bool
is_among(uint32_t hash, const uint32_t *sorted, size_t count)
{
	return bsearch(&hash, sorted, count, sizeof(*sorted), compare_hashes) != NULL;
}

void
known_remove(struct known *known, const char *const *ids, size_t count)
{
	uint32_t *hashes = memory_need(calloc(count + 1, sizeof(*hashes)));

	for (size_t i = 0; i < count; i++)
		hashes[i] = id_hash(known, ids[i]);
	qsort(hashes, count, sizeof(*hashes), compare_hashes);
	for (size_t bucket = 0; bucket < known->buckets; bucket++)
		for (int i = 0; i < BUCKET && known->entries[bucket][i].fact != 0;)
			if (is_among(known->entries[bucket][i].user, hashes, count) ||
			    is_among(known->entries[bucket][i].session, hashes, count))
				bucket_remove(known, bucket, i);
			else
				i++;
	free(hashes);
}

void
known_clear(struct known *known)
{
	if (known->count == 0)
		return;
	memset(known->entries, 0, known->buckets * sizeof(*known->entries));
	if (known->names != NULL)
		explicit_bzero(known->names, known->buckets * sizeof(*known->names));
	known->count = 0;
}

size_t
known_count(const struct known *known)
{
	return known->count;
}
