/* An Authorization header: id and secret of a client are UTF-8 and come from behind "Basic". */
#include "fuzz_request.h"

#include "base/utf8.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request = {.arena = fuzz_arena(), .config = fuzz_request_config()};
	const char *header = arena_copy(request.arena, data, size), *id = NULL, *secret = NULL;
	struct bytes word;

	request.authorization = header;
	if (request_basic(&request, &id, &secret) != HEADER_FOUND)
		return 0;
	require(request_authorization(&request, "basic", &word) == HEADER_FOUND);
	require(word.data >= header && word.data + word.length <= header + strlen(header));
	/* Escapes and base64 make a text shorter, never longer. */
	require(strlen(id) + strlen(secret) + 1 <= word.length);
	require(utf8_valid(bytes_of(id)) == strlen(id));
	require(utf8_valid(bytes_of(secret)) == strlen(secret));
	return 0;
}
