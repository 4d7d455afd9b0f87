/*
 * Reads small files, checks who else may use them, and maps shared files.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

struct stat;

/* Why a file is not private: NULL, or a clause such as "is readable by others (mode 0644); ...". */
struct file_access {
	const char *writable; /* its owner is neither root nor us, or group or others may write */
	const char *readable; /* looser than 0600; or than 0640, if root's and we are not root */
};

/* file_access.writable of a file or folder, by the rules of sshd's StrictModes. */
const char *file_writable(struct arena *, const struct stat *);

/*
 * Reads a regular file of at most 64 KiB into the arena. On failure returns false with a clause in
 * *why, such as "is larger than 64 KiB"; errno is that of the failed call, or 0.
 */
bool file_read(
    struct arena *, const char *path, struct bytes *out, struct file_access *, const char **why);

/* The same, but refuses a file that others may read or write. */
bool file_read_secret(struct arena *, const char *path, struct bytes *out, const char **why);

/* Reads up to the end of the file, at most `size` bytes; false with errno set. */
bool file_read_all(int descriptor, char *memory, size_t size, size_t *length);

/* Writes all bytes; false with errno set. */
bool file_write_all(int descriptor, struct bytes);

/* A file that several processes of one user map into memory. */
struct file_shared {
	mode_t mode; /* of a new file; an existing one must not be looser */
	size_t size;
	bool replace; /* resize a file of another size; else refuse it */
	/* Initializes new memory or another layout, with the file locked; false: refuse it. */
	bool (*prepare)(void *);
};

/*
 * Maps the file until the process exits. Allocates all of it first: if the file system were full,
 * access to the memory would raise SIGBUS. Returns NULL with a clause in *why. Refuses, without
 * changing it, a file that is a symbolic link, not a regular file, another user's, or open to more
 * users than `mode`.
 */
void *file_map_shared(const char *path, const struct file_shared *, const char **why);
