#include "base/memory.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *
memory_need(void *piece)
{
	if (piece == NULL) {
		log_error("out of memory");
		_Exit(EXIT_FAILURE);
	}
	return piece;
}

/* NULL if there is no heap or it cannot be found. */
static char *
heap_start(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	void *start = NULL;

	while (maps != NULL && start == NULL && fgets(line, sizeof(line), maps) != NULL)
		if (strstr(line, "[heap]") != NULL && sscanf(line, "%p-", &start) != 1)
			start = NULL;
	if (maps != NULL)
		fclose(maps);
	return start;
}

void
memory_hide(void)
{
	static char *start;
	size_t size;

	if (start == NULL)
		start = heap_start();
	if (start == NULL)
		return;
	size = (size_t)((char *)sbrk(0) - start);
	madvise(start, size, MADV_DONTDUMP);
	mlock(start, size);
}
