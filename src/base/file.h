/*
 * Small files, and whether they can hold a secret.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

struct stat;

/* Whether others may use a file: NULL, or a clause such as "is readable by others (mode 0644);
 * ...". */
struct file_access {
	const char
	    *writable; /* of another user than ours and root, or writable by group or others */
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

/* Reads up to the end or that many bytes; false with errno set. */
bool file_read_all(int descriptor, char *memory, size_t size, size_t *length);

/* Writes all of it; false with errno set. */
bool file_write_all(int descriptor, struct bytes);

/* A file that processes of one user map into memory together. */
struct file_shared {
	mode_t mode; /* of a new file */
	size_t size;
	bool replace; /* a file of another size is made that size, else it is refused */
	/* Fills what is new or of another layout. Called with the file locked; false: refuse. */
	bool (*prepare)(void *);
};

/*
 * The mapping, until the process ends; all of the file is allocated, because a page that a full
 * file system cannot give later would be SIGBUS. NULL with *why, a clause: also if the path is a
 * link, no regular file, another user's, or if others may do more with it than the mode says; then
 * it has not been touched.
 */
void *file_map_shared(const char *path, const struct file_shared *, const char **why);
