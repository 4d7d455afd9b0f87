#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAXIMUM (64 * 1024)

/* Why it cannot hold a secret; NULL if it can. */
static const char *
refuse_mode(struct arena *arena, const struct stat *status)
{
	mode_t forbidden = status->st_uid == 0 && geteuid() != 0 ? 0037 : 0077;

	if (status->st_uid != 0 && status->st_uid != geteuid() && geteuid() != 0)
		return "belongs to another user";
	if (status->st_mode & forbidden)
		return arena_printf(arena, "is readable by others (mode %04o); chmod 600 mends it",
		    (unsigned)(status->st_mode & 07777));
	return NULL;
}

static bool
read_all(int descriptor, char *memory, size_t size, size_t *length)
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

bool
file_read(struct arena *arena, const char *path, struct bytes *out, const char **exposed,
    const char **why)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *memory;
	bool done = false;

	*why = NULL;
	if (descriptor < 0 || fstat(descriptor, &status) != 0)
		goto out;
	errno = 0;
	if (!S_ISREG(status.st_mode))
		*why = "is not a regular file";
	else if (status.st_size > FILE_MAXIMUM)
		*why = "is larger than 64 KiB";
	if (*why != NULL)
		goto out;
	*exposed = refuse_mode(arena, &status);
	memory = arena_alloc(arena, FILE_MAXIMUM + 1);
	out->data = memory;
	done = read_all(descriptor, memory, FILE_MAXIMUM, &out->length);
out:
	if (!done && *why == NULL)
		*why = strerror(errno);
	if (descriptor >= 0)
		close(descriptor);
	return done;
}

bool
file_read_secret(struct arena *arena, const char *path, struct bytes *out, const char **why)
{
	const char *exposed;

	if (!file_read(arena, path, out, &exposed, why))
		return false;
	errno = 0;
	*why = exposed;
	return exposed == NULL;
}

int
file_open_shared(const char *path, mode_t mode, const char **why)
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
