/*
 * The keys that jwtctl reads and changes: those of the folder JWT_KEY_DIR or --dir, or of one file.
 * Each failure is reported by a line on standard error.
 */
#pragma once

#include "ctl/command.h"
#include "signing/keyring.h"

/* The folder's keys, with private halves; there may be none. NULL: the folder cannot be read. */
struct ring *keydir_read(const struct invocation *);

/* The keys of one file, which may have any mode; --algorithm is theirs if it is given. */
bool keydir_read_file(const struct invocation *, const char *path, struct keys *out);

/* The key that the first argument names: by its kid or the beginning of it, or by its file. */
const struct ring_key *keydir_find(const struct invocation *, const struct ring *);

/* Makes the folder and its three sub-folders where they are missing. */
bool keydir_make(const struct invocation *);

/* Writes a new file, whole or not at all; root gives it to the folder's owner. */
bool keydir_write(
    const struct invocation *, enum key_state, const char *name, const char *text, unsigned mode);

/* Moves a key's files to another state, the public half first, and reports it. */
bool keydir_move(const struct invocation *, const struct ring_key *, enum key_state);
