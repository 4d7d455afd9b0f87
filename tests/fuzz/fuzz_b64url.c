/*
 * Any bytes: what is read is written as the very same text, and what is written reads back.
 */
#include "fuzz.h"

#include "base/b64url.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes input = {(const char *)data, size}, decoded;
	struct buffer written = {.arena = arena}, again = {.arena = arena};

	b64url_encode(&written, input);
	require(b64url_decode(arena, buffer_bytes(&written), &decoded));
	require(bytes_same(decoded, input));
	if (b64url_decode(arena, input, &decoded)) {
		b64url_encode(&again, decoded);
		require(bytes_same(buffer_bytes(&again), input));
	}
	return 0;
}
