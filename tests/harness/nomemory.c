/* Preloaded into a program: memory runs out when a test says so, in a file that both map. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

struct plan {
	int asked; /* times, since the test set it to 0 */
	int first; /* that is refused; 0: none */
	int last;
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
refused(void)
{
	if (plan == NULL)
		return 0;
	plan->asked++;
	if (plan->first == 0 || plan->asked < plan->first || plan->asked > plan->last)
		return 0;
	errno = ENOMEM;
	return 1;
}

/* Where the libraries of passwords have theirs from. */
void *
mmap(void *at, size_t length, int protection, int flags, int file, off_t offset)
{
	if (refused())
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, length, protection, flags, file, offset);
}

void *
malloc(size_t size)
{
	return refused() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return refused() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *memory, size_t size)
{
	return refused() ? NULL : __libc_realloc(memory, size);
}
