/*
 * The keys that jwtctl reads and changes: those of a folder, JWT_KEY_DIR or --dir, or of a file.
 * Each failure is a line on standard error.
 */
#pragma once

#include "ctl/command.h"
#include "signing/keyring.h"

/* The keys in it, the private ones too; there may be none. NULL: it cannot be read. */
struct ring *keydir_read(const struct invocation *);

/* The keys of one file, of any mode, for --algorithm if that is given. */
bool keydir_read_file(const struct invocation *, const char *path, struct keys *out);

/* The one that the argument names: a kid or its beginning, or the name of a file. */
const struct ring_key *keydir_find(const struct invocation *, const struct ring *);

/* Makes it and its three sub-folders where they are missing. */
bool keydir_make(const struct invocation *);

/* A new file, whole or not at all; its owner is that of the folder. */
bool keydir_write(
    const struct invocation *, enum key_state, const char *name, const char *text, unsigned mode);

/* Moves a key's files, the public half first, and says so. */
bool keydir_move(const struct invocation *, const struct ring_key *, enum key_state);
