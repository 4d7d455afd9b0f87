/*
 * X-Forwarded-For: the first line of the input is what JWT_TRUSTED_PROXIES could be, the second one
 * REMOTE_ADDR, the rest the header.
 */
#include "fuzz.h"

#include "base/address.h"
#include "base/bytes.h"
#include "http/forwarded.h"

#define WORDS_MAXIMUM 16

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	const char *words[WORDS_MAXIMUM + 1] = {NULL}, *client;
	char *rest = arena_copy(arena, data, size), *list = strsep(&rest, "\n"), *peer;
	struct network network;
	struct address address;

	peer = rest == NULL ? list : strsep(&rest, "\n");
	for (size_t i = 0; i < WORDS_MAXIMUM && list != NULL; i++) {
		words[i] = strsep(&list, ",");
		if (address_parse_network(words[i], &network))
			require(network.bits >= 1 && network.bits <= 128 &&
				address_is_in(&network.address, &network));
	}
	client = forwarded_address(arena, words, peer, rest);
	require(client == peer || (rest != NULL && address_parse(client, &address)));
	return 0;
}
