#include "signing/ring.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds within which each worker that serves requests has compared the folder twice. */
#define KNOWN_AFTER 2

static const char *const states[] = {
    [KEY_NEXT] = "next", [KEY_ACTIVE] = "active", [KEY_RETIRED] = "retired"};
#define STATES (sizeof(states) / sizeof(*states))

const char *
key_state_name(enum key_state state)
{
	return states[state];
}

/* One file that may hold a key. */
struct entry {
	const char *name; /* without its folder */
	enum key_state state;
	int64_t since;
	struct entry *next;
};

static bool
ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length > tail && strcmp(name + length - tail, end) == 0;
}

/* Whether a file of that name is read at all. */
static bool
is_read(const char *name)
{
	static const char *const ends[] = {
	    ".pem", ".crt", ".json", ".jwk", ".pub", ".secret", NULL};

	for (const char *const *end = ends; *name != '.' && *end != NULL; end++)
		if (ends_with(name, *end))
			return true;
	return false;
}

/* rename(2) sets a file's ctime, so that `mv` says when a key changed its state. */
static int64_t
moved_at(const struct stat *status)
{
	return status->st_ctim.tv_sec > status->st_mtim.tv_sec ? status->st_ctim.tv_sec
							       : status->st_mtim.tv_sec;
}

/* A user who can write to a folder of keys can add one. NULL, or why the folder is refused. */
static const char *
judge_folder(struct arena *arena, const char *path)
{
	struct stat status;
	const char *why = stat(path, &status) == 0 ? file_writable(arena, &status) : NULL;

	return why == NULL ? NULL : arena_printf(arena, "%s %s", path, why);
}

static const char *
list_state(struct arena *arena, const char *folder, enum key_state state, struct entry **list)
{
	const char *path = arena_printf(arena, "%s/%s", folder, states[state]);
	const char *why = judge_folder(arena, path);
	DIR *directory = why == NULL ? opendir(path) : NULL;
	struct dirent *file;

	if (why != NULL)
		return why;
	if (directory == NULL)
		return errno == ENOENT ? NULL
				       : arena_printf(arena, "%s: %s", path, strerror(errno));
	while ((file = readdir(directory)) != NULL) {
		struct entry *entry;
		struct stat status;

		if (!is_read(file->d_name) ||
		    fstatat(dirfd(directory), file->d_name, &status, 0) != 0)
			continue;
		entry = arena_alloc(arena, sizeof(*entry));
		*entry = (struct entry){arena_copy(arena, file->d_name, strlen(file->d_name)),
		    state, moved_at(&status), *list};
		*list = entry;
	}
	closedir(directory);
	return NULL;
}

/* Whether there is a NAME.pub of a NAME.pem, in any state: the files of a pair are moved singly. */
static bool
has_public_half(const struct entry *list, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t length = (size_t)(dot - name);

	for (; list != NULL; list = list->next)
		if (strncmp(list->name, name, length) == 0 &&
		    strcmp(list->name + length, ".pub") == 0)
			return true;
	return false;
}

/* The algorithm that a part of the name between dots names; NULL if none does. */
static const struct algorithm *
algorithm_in(const char *name)
{
	const struct algorithm *found = NULL;

	for (size_t length = strcspn(name, "."); name[length] != '\0' && found == NULL;
	     length = strcspn(name, ".")) {
		found = algorithm_find((struct bytes){name, length});
		name += length + 1;
	}
	return found;
}

/*
 * Adds a key. The halves of a pair become one, in the state of the half that can do more; the same
 * key twice is refused, because its state would be ambiguous.
 */
static const char *
add(struct arena *arena, struct ring *ring, const struct ring_key *added)
{
	for (size_t i = 0; i < ring->count; i++) {
		struct ring_key *other = &ring->keys[i];
		struct ring_key public = added->key->signs ? *other : *added;

		if (strcmp(other->key->id, added->key->id) != 0)
			continue;
		if (other->key->signs == added->key->signs) {
			const char *why = arena_printf(
			    arena, "%s and %s are the same key", other->file, added->file);

			key_free(added->key);
			return why;
		}
		if (added->key->signs)
			*other = *added;
		other->since = other->since > public.since ? other->since : public.since;
		key_free(public.key);
		return NULL;
	}
	if (ring->count == KEYS_MAXIMUM) {
		key_free(added->key);
		return arena_printf(arena, "more than %d keys", KEYS_MAXIMUM);
	}
	ring->keys[ring->count++] = *added;
	return NULL;
}

/* Takes the keys of a file over, also on failure. */
static const char *
add_all(struct arena *arena, struct ring *ring, struct ring_key added, struct keys *keys)
{
	const char *why = NULL;

	for (added.place = 0; added.place < keys->count && why == NULL; added.place++) {
		added.key = keys->keys[added.place];
		keys->keys[added.place] = NULL;
		why = add(arena, ring, &added);
	}
	keys_free(keys);
	return why;
}

static const char *
read_entry(struct arena *arena, const char *folder, const struct ring_rules *rules,
    const struct entry *entry, struct ring *ring)
{
	struct key_load_options options = {.algorithm = algorithm_in(entry->name),
	    .usual = rules->usual,
	    .signs = rules->signs,
	    .no_secret = !ends_with(entry->name, ".secret")};
	struct ring_key added = {.state = entry->state, .since = entry->since};
	bool half = ends_with(entry->name, ".pub");
	struct keys keys;
	const char *why;

	added.file = arena_printf(ring->arena, "%s/%s", states[entry->state], entry->name);
	if (!keyfile_read(
		arena, arena_printf(arena, "%s/%s", folder, added.file), &options, &keys, &why))
		return arena_printf(arena, "%s/%s %s", folder, added.file, why);
	for (size_t i = 0; half && i < keys.count; i++)
		if (keys.keys[i]->signs || keys.keys[i]->hmac != NULL) {
			keys_free(&keys);
			return arena_printf(
			    arena, "%s/%s is private; .pub is for public keys", folder, added.file);
		}
	return add_all(arena, ring, added, &keys);
}

/* Of two keys of one file the first signs. */
static bool
is_later(const struct ring_key *one, const struct ring_key *other)
{
	int order = strcmp(one->file, other->file);

	if (one->since != other->since)
		return one->since > other->since;
	return order > 0 || (order == 0 && one->place < other->place);
}

/* The private key of an algorithm (NULL: any) that was the last to enter that state, but for one.
 */
static const struct ring_key *
latest(const struct ring *ring, enum key_state state, const struct algorithm *algorithm,
    const struct key *other)
{
	const struct ring_key *found = NULL;

	for (size_t i = 0; i < ring->count; i++) {
		const struct ring_key *one = &ring->keys[i];

		if (one->state == state && one->key->signs && one->key != other &&
		    (algorithm == NULL || one->key->algorithm == algorithm) &&
		    (found == NULL || is_later(one, found)))
			found = one;
	}
	return found;
}

const struct key *
ring_signer_of(const struct ring *ring, const struct algorithm *algorithm, int64_t now)
{
	const struct ring_key *signer = latest(ring, KEY_ACTIVE, algorithm, NULL), *before;

	if (signer == NULL)
		return NULL;
	if (now >= signer->since + KNOWN_AFTER)
		return signer->key;
	before = latest(ring, KEY_ACTIVE, algorithm, signer->key);
	if (before != NULL)
		return before->key;
	before = latest(ring, KEY_RETIRED, algorithm, signer->key);
	return before != NULL && before->since + KNOWN_AFTER >= signer->since ? before->key
									      : signer->key;
}

const struct key *
ring_signer(const struct ring *ring, int64_t now)
{
	return ring->single != NULL ? ring->single : ring_signer_of(ring, NULL, now);
}

static const char *
fill(struct arena *arena, const char *folder, const struct ring_rules *rules, struct ring *ring)
{
	struct entry *list = NULL;
	const char *why = judge_folder(arena, folder);

	if (access(folder, X_OK) != 0)
		return arena_printf(arena, "%s: %s", folder, strerror(errno));
	for (size_t i = 0; i < STATES && why == NULL; i++)
		why = list_state(arena, folder, (enum key_state)i, &list);
	for (const struct entry *entry = list; entry != NULL && why == NULL; entry = entry->next)
		if (rules->signs || ends_with(entry->name, ".pub") ||
		    !has_public_half(list, entry->name))
			why = read_entry(arena, folder, rules, entry, ring);
	if (why != NULL || rules->lenient)
		return why;
	if (ring->count == 0)
		return arena_printf(arena, "%s has no keys; see jwtctl key generate", folder);
	if (rules->signs && ring_signer(ring, INT64_MAX) == NULL)
		return arena_printf(
		    arena, "%s/active has no key that can sign; see jwtctl key activate", folder);
	return NULL;
}

/* Sorted by id, because readdir(3) has no order. */
static int
compare(const void *a, const void *b)
{
	const struct ring_key *one = a, *other = b;

	return strcmp(one->key->id, other->key->id);
}

static struct ring *
ring_new(void)
{
	struct arena *arena = arena_new();
	struct ring *ring = arena_alloc(arena, sizeof(*ring));

	ring->arena = arena;
	return ring;
}

struct ring *
ring_load(struct arena *arena, const char *folder, const struct ring_rules *rules, const char **why)
{
	struct ring *ring = ring_new();

	ring->with_ids = true;
	*why = fill(arena, folder, rules, ring);
	if (*why != NULL) {
		ring_free(ring);
		return NULL;
	}
	qsort(ring->keys, ring->count, sizeof(*ring->keys), compare);
	for (size_t i = 0; i < ring->count; i++)
		if (ring->keys[i].state == KEY_RETIRED)
			ring->keys[i].until = ring->keys[i].since + rules->longest;
	return ring;
}

struct ring *
ring_of(struct keys *keys)
{
	struct ring *ring = ring_new();

	for (; ring->count < keys->count; ring->count++)
		ring->keys[ring->count] = (struct ring_key){.key = keys->keys[ring->count],
		    .state = KEY_ACTIVE,
		    .file = "",
		    .place = ring->count};
	keys->count = 0;
	return ring;
}

const char *
ring_add_single(struct arena *arena, struct ring *ring, struct keys *keys)
{
	if (keys->keys[0]->signs)
		ring->single = keys->keys[0];
	return add_all(
	    arena, ring, (struct ring_key){.state = KEY_ACTIVE, .file = "JWT_SIGNING_KEY"}, keys);
}

void
ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	for (size_t i = 0; i < ring->count; i++)
		key_free(ring->keys[i].key);
	arena_free(ring->arena);
}

bool
ring_key_verifies(const struct ring_key *key, int64_t now)
{
	return key->until == 0 || now < key->until;
}

/* What differs if the file is written, or another takes its place. */
static uint64_t
fingerprint_file(uint64_t hash, const struct stat *status, int64_t *newest)
{
	const int64_t parts[] = {(int64_t)status->st_ino, status->st_size, status->st_mtim.tv_sec,
	    status->st_mtim.tv_nsec, status->st_ctim.tv_sec, status->st_ctim.tv_nsec};

	if (moved_at(status) > *newest)
		*newest = moved_at(status);
	return bytes_hash(hash, (struct bytes){(const char *)parts, sizeof(parts)});
}

/* A sum, because readdir(3) has no order. */
static uint64_t
fingerprint_state(const char *path, int64_t *newest)
{
	uint64_t sum = 0;
	DIR *directory = opendir(path);
	struct dirent *file;
	struct stat status;

	while (directory != NULL && (file = readdir(directory)) != NULL) {
		if (strcmp(file->d_name, "..") == 0 ||
		    fstatat(dirfd(directory), file->d_name, &status, 0) != 0)
			continue;
		sum += fingerprint_file(
		    bytes_hash(HASH_BASIS, bytes_of(file->d_name)), &status, newest);
	}
	if (directory != NULL)
		closedir(directory);
	return sum;
}

uint64_t
ring_fingerprint(const char *path, int64_t *newest)
{
	char state[PATH_MAX];
	struct stat status;
	uint64_t hash = 0;

	if (path == NULL || stat(path, &status) != 0)
		return 0;
	if (!S_ISDIR(status.st_mode))
		return fingerprint_file(HASH_BASIS, &status, newest);
	for (size_t i = 0; i < STATES; i++) {
		int length = snprintf(state, sizeof(state), "%s/%s", path, states[i]);

		hash *= 31;
		if (length < (int)sizeof(state))
			hash += fingerprint_state(state, newest);
	}
	return hash;
}
