#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAXIMUM (64 * 1024)

const char *
file_writable(struct arena *arena, const struct stat *status)
{
	/* Root may use any user's files: jwtctl is often run as root. */
	if (status->st_uid != 0 && status->st_uid != geteuid() && geteuid() != 0)
		return "belongs to another user";
	if (status->st_mode & 0022)
		return arena_printf(arena, "is writable by others (mode %04o); fix with chmod go-w",
		    (unsigned)(status->st_mode & 07777));
	return NULL;
}

/* libpq's rule for key files. */
static const char *
file_readable(struct arena *arena, const struct stat *status)
{
	mode_t forbidden = status->st_uid == 0 && geteuid() != 0 ? 0037 : 0077;

	if (status->st_mode & forbidden)
		return arena_printf(arena, "is readable by others (mode %04o); fix with chmod 600",
		    (unsigned)(status->st_mode & 07777));
	return NULL;
}

bool
file_read_all(int descriptor, char *memory, size_t size, size_t *length)
{
	ssize_t got;

	for (*length = 0; *length < size; *length += (size_t)got) {
		do
			got = read(descriptor, memory + *length, size - *length);
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return got == 0;
	}
	return true;
}

static bool
read_open(struct arena *arena, int descriptor, struct bytes *out, struct file_access *access,
    const char **why)
{
	struct stat status;
	char *memory;

	if (fstat(descriptor, &status) != 0) {
		*why = strerror(errno);
		return false;
	}
	errno = 0;
	*why = !S_ISREG(status.st_mode)        ? "is not a regular file"
	       : status.st_size > FILE_MAXIMUM ? "is larger than 64 KiB"
					       : NULL;
	if (*why != NULL)
		return false;
	access->writable = file_writable(arena, &status);
	access->readable = file_readable(arena, &status);
	memory = arena_alloc(arena, FILE_MAXIMUM + 1);
	out->data = memory;
	if (file_read_all(descriptor, memory, FILE_MAXIMUM, &out->length))
		return true;
	*why = strerror(errno);
	return false;
}

bool
file_read(struct arena *arena, const char *path, struct bytes *out, struct file_access *access,
    const char **why)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), failure;
	bool done;

	if (descriptor < 0) {
		failure = errno;
		*why = arena_printf(arena, "cannot be read: %s", strerror(failure));
		errno = failure;
		return false;
	}
	done = read_open(arena, descriptor, out, access, why);
	failure = errno;
	close(descriptor);
	errno = failure;
	return done;
}

bool
file_read_secret(struct arena *arena, const char *path, struct bytes *out, const char **why)
{
	struct file_access access;

	if (!file_read(arena, path, out, &access, why))
		return false;
	errno = 0;
	*why = access.writable != NULL ? access.writable : access.readable;
	return *why == NULL;
}

static int
open_shared(const char *path, mode_t mode, const char **why)
{
	int descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode);
	struct stat status;

	if (descriptor < 0 || fstat(descriptor, &status) != 0)
		*why = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		*why = "is not a regular file";
	else if (status.st_uid != geteuid())
		*why = "belongs to another user";
	else if ((status.st_mode & 07777 & ~mode) != 0)
		*why = "is open to others";
	else
		return descriptor;
	if (descriptor >= 0)
		close(descriptor);
	return -1;
}

/* Unlocks explicitly: the mapping keeps the open file, and with it the lock, beyond close(2). */
void *
file_map_shared(const char *path, const struct file_shared *kind, const char **why)
{
	int descriptor = open_shared(path, kind->mode, why), error = 0;
	struct stat status;
	void *at = MAP_FAILED;

	if (descriptor < 0)
		return NULL;
	*why = NULL;
	if (flock(descriptor, LOCK_EX) != 0 || fstat(descriptor, &status) != 0)
		error = errno;
	else if (status.st_size != 0 && status.st_size != (off_t)kind->size && !kind->replace)
		*why = "is another file; remove it or name another";
	else if (ftruncate(descriptor, (off_t)kind->size) != 0)
		error = errno;
	else
		error = posix_fallocate(descriptor, 0, (off_t)kind->size);
	if (error == 0 && *why == NULL) {
		at = mmap(NULL, kind->size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
		error = at == MAP_FAILED ? errno : 0;
	}
	if (at != MAP_FAILED && !kind->prepare(at)) {
		munmap(at, kind->size);
		at = MAP_FAILED;
		*why = "cannot be prepared";
	}
	flock(descriptor, LOCK_UN);
	close(descriptor);
	if (error != 0)
		*why = strerror(error);
	return at == MAP_FAILED ? NULL : at;
}

bool
file_write_all(int descriptor, struct bytes bytes)
{
	size_t written = 0;

	while (written < bytes.length) {
		ssize_t piece = write(descriptor, bytes.data + written, bytes.length - written);

		if (piece > 0)
			written += (size_t)piece;
		else if (errno != EINTR && errno != EAGAIN)
			return false;
	}
	return true;
}
