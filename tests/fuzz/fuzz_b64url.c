/*
 * Any bytes: what is read is written as the very same text, and what is written reads back.
 */
#include "signing/b64url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct bytes input = {(const char *)data, size}, decoded;
	struct buffer written = {.arena = arena}, again = {.arena = arena};

	b64url_encode(&written, input);
	if (!b64url_decode(arena, buffer_bytes(&written), &decoded) || !bytes_same(decoded, input))
		abort();
	if (b64url_decode(arena, input, &decoded)) {
		b64url_encode(&again, decoded);
		if (!bytes_same(buffer_bytes(&again), input))
			abort();
	}
	arena_free(arena);
	return 0;
}
