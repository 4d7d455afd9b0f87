/*
 * Preloaded into a program: allocations fail when the test says so, in a struct plan in a file that
 * both map (NO_MEMORY_PLAN).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

struct plan {
	int asked; /* number of allocations since the test set it to 0 */
	int first; /* number of the first one that fails; 0: none fails */
	int last;
	/* The last failure: the function, and the program or library but libc that called it. */
	char refused[256];
};

static struct plan *plan;

__attribute__((constructor)) static void
open_plan(void)
{
	const char *path = getenv("NO_MEMORY_PLAN");
	int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *at = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	if (at == MAP_FAILED)
		abort();
	plan = at;
	close(file);
}

static int
refused(const char *function, void *caller)
{
	Dl_info from;

	if (plan == NULL)
		return 0;
	plan->asked++;
	if (plan->first == 0 || plan->asked < plan->first || plan->asked > plan->last)
		return 0;
	if (dladdr(caller, &from) && strstr(from.dli_fname, "/libc.so") == NULL)
		snprintf(plan->refused, sizeof(plan->refused), "%s %s", function, from.dli_fname);
	errno = ENOMEM;
	return 1;
}

/* Called by the libraries that hash passwords. */
void *
mmap(void *at, size_t length, int protection, int flags, int file, off_t offset)
{
	if (refused("mmap", __builtin_return_address(0)))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, length, protection, flags, file, offset);
}

void *
malloc(size_t size)
{
	return refused("malloc", __builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return refused("calloc", __builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *memory, size_t size)
{
	return refused("realloc", __builtin_return_address(0)) ? NULL
							       : __libc_realloc(memory, size);
}

char *
strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = refused("strdup", __builtin_return_address(0)) ? NULL : __libc_malloc(size);

	return copy == NULL ? NULL : memcpy(copy, text, size);
}
