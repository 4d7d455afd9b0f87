/*
 * Any bytes as a token, to a ring with ids, to one without, and to one of a key pair: whatever is
 * accepted is one that the key signed.
 */
#include "fuzz.h"

#include "base/b64url.h"
#include "signing/jws.h"

#include <string.h>

static struct keyring *
ring_from(const char *text, const char *algorithm, bool with_ids)
{
	struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of(algorithm)), .signs = true};
	struct arena *arena = arena_new();
	struct keys keys;
	struct ring *ring;
	const char *why;

	require(keyfile_parse(arena, bytes_of(text), &options, &keys, NULL, &why));
	arena_free(arena);
	ring = ring_of(&keys);
	ring->with_ids = with_ids;
	return keyring_of(ring);
}

static void
check(struct arena *arena, struct keyring *keyring, struct bytes token)
{
	struct bytes payload;

	if (!jws_verify(arena, keyring, 0, token, &payload)) {
		require(strlen(jws_fault(arena, keyring, 0, token)) > 0);
		return;
	}
	/* Three parts, and the last is the signature of the others. */
	const char *dot = memrchr(token.data, '.', token.length);
	struct bytes signature, input = {token.data, (size_t)(dot - token.data)},
				rest = {dot + 1, token.length - input.length - 1};

	require(b64url_decode(arena, rest, &signature));
	require(key_verify(keyring_ring(keyring)->keys[0].key, input, signature));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char secret[] = "the secret of the corpus, 32 byte";
	static const char pair[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
				   "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
				   "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
	static struct keyring *rings[3];
	struct arena *arena = fuzz_arena();
	struct bytes token = {(const char *)data, size};

	if (rings[0] == NULL) {
		rings[0] = ring_from(secret, "HS256", false);
		rings[1] = ring_from(secret, "HS256", true);
		rings[2] = ring_from(pair, "EdDSA", false);
	}
	for (int i = 0; i < 3; i++)
		check(arena, rings[i], token);
	return 0;
}
