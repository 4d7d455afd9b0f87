/*
 * GET /.well-known/jwks.json: the public keys with which other services verify our tokens
 * (RFC 7517). Caches may keep the answer.
 */
#include "endpoints/context.h"

/* The keys that verify now or will sign next; never a secret, which has no jwk. */
static struct bytes
write_keys(struct request *request, const struct ring *ring)
{
	struct buffer body = {.arena = request->arena};
	const char *between = "";

	buffer_puts(&body, "{\"keys\":[");
	for (size_t i = 0; i < ring->count; i++) {
		const struct ring_key *key = &ring->keys[i];

		if (key->key->jwk == NULL || !ring_key_verifies(key, request->now))
			continue;
		buffer_puts(&body, between);
		buffer_puts(&body, key->key->jwk);
		between = ",";
	}
	buffer_puts(&body, "]}");
	return buffer_bytes(&body);
}

static struct reply
answer(struct request *request, struct context *context)
{
	return reply_public(request, write_keys(request, keyring_ring(context->keyring)),
	    "application/jwk-set+json", context->config->jwks_max_age);
}

const struct endpoint endpoint = {
    .name = "jwks",
    .allow = "GET, HEAD, OPTIONS",
    .title = "Json Web Key Set",
    .description = "The public keys that tokens can be verified with.",
    .one_form = true,
    .start = context_open_keys,
    .answer = answer,
};
