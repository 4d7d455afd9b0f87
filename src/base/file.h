/*
 * Small files, and whether they can hold a secret.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/bytes.h"

#include <sys/types.h>

/*
 * The whole of a regular file of at most 64 KiB. false with *why, a clause such as "No such file or
 * directory"; errno is that of the failed call, or 0. *exposed: NULL if nobody but its owner may
 * read it: mode 0600 or stricter if it is ours, 0640 or stricter if it is root's (libpq's rule for
 * keys); else a clause such as "is readable by others (mode 0644)". The arena is the caller's to
 * wipe.
 */
bool file_read(
    struct arena *, const char *path, struct bytes *out, const char **exposed, const char **why);

/* The same, refusing what others may read. */
bool file_read_secret(struct arena *, const char *path, struct bytes *out, const char **why);

/*
 * Opens a file that processes of this user write to together, or makes it with that mode, empty. -1
 * with *why, a clause: also if it is a link, no regular file, another user's, or if others may do
 * more with it than the mode says; then it has not been touched, however it came there.
 */
int file_open_shared(const char *path, mode_t, const char **why);

#endif
