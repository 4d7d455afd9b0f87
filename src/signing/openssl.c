#include "signing/openssl.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static void *
allocate(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return size == 0 ? NULL : memory_need(malloc(size));
}

static void *
reallocate(void *piece, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	if (size > 0)
		return memory_need(realloc(piece, size));
	free(piece);
	return NULL;
}

static void
release(void *piece, const char *file, int line)
{
	(void)file, (void)line;
	free(piece);
}

void
openssl_start(void)
{
	CRYPTO_set_mem_functions(allocate, reallocate, release);
}
