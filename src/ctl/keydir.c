#include "ctl/keydir.h"

#include "base/file.h"
#include "ctl/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* NULL after a line on standard error: neither setting nor option names one. */
static const char *
folder_of(const struct invocation *invocation)
{
	const char *folder = command_value(invocation, "dir");

	if (folder == NULL)
		folder = invocation->config->key_dir;
	if (folder == NULL)
		command_error(invocation, "which folder? Set JWT_KEY_DIR or add --dir DIR");
	return folder;
}

static bool
failed(const struct invocation *invocation, const char *path)
{
	command_error(invocation, "%s: %s", path, strerror(errno));
	return false;
}

/* The path of a file of that state; with a NULL name, of the state's sub-folder. */
static const char *
path_of(const struct invocation *invocation, enum key_state state, const char *name)
{
	return arena_printf(invocation->arena, "%s/%s%s%s", folder_of(invocation),
	    ring_state_name(state), name == NULL ? "" : "/", name == NULL ? "" : name);
}

struct ring *
keydir_read(const struct invocation *invocation)
{
	const struct config *config = invocation->config;
	const struct ring_rules rules = {.signs = true,
	    .lenient = true,
	    .usual = algorithm_find(bytes_of(config->algorithm)),
	    .longest = keyring_longest_lifetime(config)};
	const char *folder = folder_of(invocation), *why;
	struct ring *ring;

	if (folder == NULL)
		return NULL;
	ring = ring_load(invocation->arena, folder, &rules, &why);
	if (ring == NULL)
		command_error(invocation, "%s", why);
	return ring;
}

bool
keydir_read_file(const struct invocation *invocation, const char *path, struct keys *out)
{
	const char *name = command_value(invocation, "algorithm"), *why;
	struct key_load_options options = {.any_mode = true};

	if (name != NULL && (options.algorithm = algorithm_find(bytes_of(name))) == NULL) {
		command_error(
		    invocation, "unknown algorithm %s", report_printable(invocation->arena, name));
		return false;
	}
	if (keyfile_read(invocation->arena, path, &options, out, &why))
		return true;
	command_error(invocation, "%s %s", report_printable(invocation->arena, path), why);
	return false;
}

/* "NAME" of "active/NAME.pem". */
static struct bytes
stem_of(const char *file)
{
	const char *name = strrchr(file, '/') + 1;

	return (struct bytes){name, (size_t)(strrchr(name, '.') - name)};
}

static bool
is_meant(const struct ring_key *key, const char *word)
{
	const char *name = strrchr(key->file, '/') + 1;
	size_t length = strlen(word);

	return strcmp(word, key->file) == 0 || strcmp(word, name) == 0 ||
	       bytes_equal(stem_of(key->file), word) ||
	       (length >= 8 &&
		   (strncmp(name, word, length) == 0 || strncmp(key->key->id, word, length) == 0));
}

const struct ring_key *
keydir_find(const struct invocation *invocation, const struct ring *ring)
{
	const char *word = invocation->arguments[0];
	const struct ring_key *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < ring->count; i++)
		if (is_meant(&ring->keys[i], word)) {
			found = &ring->keys[i];
			count++;
		}
	if (count == 1)
		return found;
	command_error(invocation, "%s keys have that kid or name; see jwtctl key list",
	    count == 0 ? "no" : "several");
	return NULL;
}

/* Gives a file made by root to the folder's owner. */
static bool
give(int descriptor, const struct stat *folder)
{
	return geteuid() != 0 || fchown(descriptor, folder->st_uid, folder->st_gid) == 0;
}

static bool
make_folder(const struct invocation *invocation, const char *path, const struct stat *owner)
{
	int descriptor;
	bool done;

	if (mkdir(path, 0755) != 0)
		return errno == EEXIST || failed(invocation, path);
	descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	done = descriptor >= 0 && (owner == NULL || give(descriptor, owner));
	if (!done)
		failed(invocation, path);
	if (descriptor >= 0)
		close(descriptor);
	return done;
}

bool
keydir_make(const struct invocation *invocation)
{
	const char *folder = folder_of(invocation);
	struct stat status;

	if (folder == NULL || !make_folder(invocation, folder, NULL))
		return false;
	if (stat(folder, &status) != 0)
		return failed(invocation, folder);
	for (int state = KEY_NEXT; state <= KEY_RETIRED; state++)
		if (!make_folder(
			invocation, path_of(invocation, (enum key_state)state, NULL), &status))
			return false;
	return true;
}

bool
keydir_write(const struct invocation *invocation, enum key_state state, const char *name,
    const char *text, unsigned mode)
{
	const char *path = path_of(invocation, state, name);
	const char *unfinished =
	    path_of(invocation, state, arena_printf(invocation->arena, ".%s.new", name));
	struct stat owner;
	int descriptor =
	    open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool done;

	if (descriptor < 0)
		return failed(invocation, unfinished);
	done = stat(folder_of(invocation), &owner) == 0 && give(descriptor, &owner) &&
	       fchmod(descriptor, mode) == 0 && file_write_all(descriptor, bytes_of(text)) &&
	       fsync(descriptor) == 0 && rename(unfinished, path) == 0;
	if (!done) {
		failed(invocation, path);
		unlink(unfinished);
	}
	close(descriptor);
	return done;
}

/* Moves one file of a key, if there is one with that end. */
static bool
move_file(const struct invocation *invocation, enum key_state from, enum key_state to,
    struct bytes stem, const char *end)
{
	const char *name =
	    arena_printf(invocation->arena, "%.*s%s", (int)stem.length, stem.data, end);
	const char *old = path_of(invocation, from, name), *new = path_of(invocation, to, name);

	if (access(old, F_OK) != 0)
		return true;
	/* The ctime says when the key was moved; not every file system sets it in rename(2). */
	if (renameat2(AT_FDCWD, old, AT_FDCWD, new, RENAME_NOREPLACE) != 0 ||
	    utimensat(AT_FDCWD, new, NULL, 0) != 0)
		return failed(invocation, new);
	return true;
}

bool
keydir_move(const struct invocation *invocation, const struct ring_key *key, enum key_state to)
{
	static const struct column columns[] = {{"kid", COLUMN_TEXT}, {"state", COLUMN_TEXT},
	    {"was", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};
	const char *cells[] = {key->key->id, ring_state_name(to), ring_state_name(key->state)};

	for (const char *const *end = ring_file_ends; *end != NULL; end++)
		if (!move_file(invocation, key->state, to, stem_of(key->file), *end))
			return false;
	report_row(invocation, columns, cells);
	return true;
}
