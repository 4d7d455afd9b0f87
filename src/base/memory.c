#include "base/memory.h"

#include "base/log.h"

#include <stdlib.h>

void *
memory_need(void *piece)
{
	if (piece == NULL) {
		log_error("out of memory");
		_Exit(EXIT_FAILURE);
	}
	return piece;
}
