/*
 * Small files, and whether they can hold a secret.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/bytes.h"

#include <sys/types.h>

struct stat;

/* Who else may use a file: NULL, or a clause such as "is readable by others (mode 0644); ...". */
struct file_access {
	const char *writable; /* not ours and not root's, or group or others may write it */
	const char *readable; /* not 0600 or stricter; of root's files, read by us, 0640 */
};

/* file_access.writable of a file or folder, as sshd's StrictModes judges it. */
const char *file_writable(struct arena *, const struct stat *);

/*
 * The whole of a regular file of at most 64 KiB. false with *why, a clause such as "No such file or
 * directory"; errno is that of the failed call, or 0. The arena is the caller's to wipe.
 */
bool file_read(
    struct arena *, const char *path, struct bytes *out, struct file_access *, const char **why);

/* The same, refusing what others may read or write. */
bool file_read_secret(struct arena *, const char *path, struct bytes *out, const char **why);

/*
 * Opens a file that processes of this user write to together, or makes it with that mode, empty. -1
 * with *why, a clause: also if it is a link, no regular file, another user's, or if others may do
 * more with it than the mode says; then it has not been touched, however it came there.
 */
int file_open_shared(const char *path, mode_t, const char **why);

#endif
