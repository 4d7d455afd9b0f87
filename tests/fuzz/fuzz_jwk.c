/*
 * Any bytes as the text of a key, for no algorithm and for that of one family, which their number
 * says: whatever is taken has an id, and signs and verifies if it says that it can.
 */
#include "fuzz.h"

#include "signing/keyfile.h"

#include <string.h>

static void
check(struct arena *arena, struct bytes text, const char *algorithm)
{
	struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of(algorithm)), .signs = true};
	unsigned char signature[SIGNATURE_MAXIMUM];
	struct bytes input = bytes_of("a.b");
	const char *why = NULL;
	struct keys keys;
	bool secret;

	if (!keyfile_parse(arena, text, &options, &keys, &secret, &why)) {
		require(why != NULL && keys.count == 0);
		return;
	}
	for (size_t i = 0; i < keys.count && i < 2; i++) {
		const struct key *key = keys.keys[i];
		size_t length;

		require(strlen(key->id) == 43 && (key->jwk == NULL) == (key->hmac != NULL));
		if (key->signs && key_sign(key, input, signature, &length))
			require(key_verify(key, input, (struct bytes){(char *)signature, length}));
	}
	keyfile_free(&keys);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"HS256", "PS256", "ES256", "EdDSA"};
	struct bytes text = {(const char *)data, size};

	check(fuzz_arena(), text, "");
	check(fuzz_arena(), text, names[size % (sizeof(names) / sizeof(*names))]);
	return 0;
}
