#include "accounts/throttle_table.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x31656c74746f7274u /* of this layout */

static struct throttle_table *
map(int file, const char *path)
{
	struct throttle_table *table =
	    mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	if (table == MAP_FAILED) {
		log_line("JWT_THROTTLE_FILE %s: %s", path, strerror(errno));
		return NULL;
	}
	madvise(table, sizeof(*table), MADV_DONTDUMP);
	if (atomic_load(&table->magic) == MAGIC)
		return table;
	if (RAND_bytes(table->secret, sizeof(table->secret)) != 1) {
		log_line("OpenSSL has no random bytes");
		return NULL;
	}
	atomic_store(&table->magic, MAGIC);
	return table;
}

/* Filled while its lock is held, which is let go by hand because a mapping would keep it. */
static struct throttle_table *
prepare(int file, const char *path)
{
	struct throttle_table *table = NULL;
	struct stat status;
	int error;

	if (fstat(file, &status) != 0 || flock(file, LOCK_EX) != 0) {
		log_line("JWT_THROTTLE_FILE %s: %s", path, strerror(errno));
		return NULL;
	}
	if (status.st_size != 0 && status.st_size != sizeof(*table)) {
		log_line("JWT_THROTTLE_FILE %s is another file; remove it or name another", path);
		return NULL;
	}
	/* All of it at once: a page that a full file system cannot give later would be SIGBUS. */
	error = posix_fallocate(file, 0, sizeof(*table));
	if (error != 0)
		log_line("JWT_THROTTLE_FILE %s: %s", path, strerror(error));
	else
		table = map(file, path);
	flock(file, LOCK_UN);
	return table;
}

struct throttle_table *
throttle_table_open(const char *path)
{
	struct throttle_table *table;
	char usual[64];
	const char *why;
	int file;

	snprintf(usual, sizeof(usual), "/dev/shm/jwt-fcgi-%u.throttle", (unsigned)geteuid());
	if (path == NULL)
		path = usual;
	file = file_open_shared(path, 0600, &why);
	if (file < 0) {
		log_line("JWT_THROTTLE_FILE %s: %s; name a file in a folder that only this user "
			 "can write to",
		    path, why);
		return NULL;
	}
	table = prepare(file, path);
	close(file);
	return table;
}
