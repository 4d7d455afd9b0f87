/*
 * Reads a folder of keys, and detects its changes.
 */
#include "signing/ring.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const states[] = {
    [KEY_NEXT] = "next", [KEY_ACTIVE] = "active", [KEY_RETIRED] = "retired"};
#define STATES (sizeof(states) / sizeof(*states))

const char *
ring_state_name(enum key_state state)
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

const char *const ring_file_ends[] = {".pub", ".pem", ".crt", ".json", ".jwk", ".secret", NULL};

/* Whether a file of that name is read. */
static bool
is_read(const char *name)
{
	for (const char *const *end = ring_file_ends; *name != '.' && *end != NULL; end++)
		if (ends_with(name, *end))
			return true;
	return false;
}

/* rename(2) sets a file's ctime, so it tells when `mv` changed the key's state. */
static int64_t
moved_at(const struct stat *status)
{
	return status->st_ctim.tv_sec > status->st_mtim.tv_sec ? status->st_ctim.tv_sec
							       : status->st_mtim.tv_sec;
}

/* A user who can write to a folder can add a key. NULL, or why the folder is refused. */
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

/* Whether there is a NAME.pub for NAME.pem, in any state: the files of a pair move one by one. */
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

/* The algorithm in a file name, between dots; NULL if there is none. */
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
			keyfile_free(&keys);
			return arena_printf(
			    arena, "%s/%s is private; .pub is for public keys", folder, added.file);
		}
	return ring_add(arena, ring, added, &keys);
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

/* By id, because readdir(3) has no order. */
static int
compare(const void *a, const void *b)
{
	const struct ring_key *one = a, *other = b;

	return strcmp(one->key->id, other->key->id);
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

/* A hash that differs once the file is written or replaced. */
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
