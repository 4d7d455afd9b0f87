/*
 * GET /.well-known/jwks.json: the public keys that our tokens can be verified with (RFC 7517), for
 * other services. The only answer that caches may keep.
 */
#include "http/endpoint.h"
#include "process/sandbox.h"
#include "signing/keyring.h"

#include <string.h>

struct context {
	const struct config *config;
	struct keyring *keyring;
};

static struct context *
start(const struct config *config, const struct endpoint *endpoint)
{
	static struct context context;

	(void)endpoint;
	context.config = config;
	context.keyring = keyring_load(config, KEYRING_VERIFIES);
	for (size_t i = 0; context.keyring != NULL && i < KEYRING_WATCHED; i++)
		sandbox_keep(keyring_watched(context.keyring)[i]);
	return context.keyring == NULL ? NULL : &context;
}

/* What is next, active, or retired and not yet expired; never a secret. */
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

/* A name of this very text: FNV-1a, between quotes. */
static const char *
tag_of(struct arena *arena, struct bytes text)
{
	return arena_printf(arena, "\"%016llx\"", (unsigned long long)bytes_hash(HASH_BASIS, text));
}

/* RFC 9110 section 13.1.2; a tag of ours is found whole because of its quotes. */
static bool
has_it(const struct request *request, const char *tag)
{
	const char *known = request->if_none_match;

	return known != NULL && (strcmp(known, "*") == 0 || strstr(known, tag) != NULL);
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct bytes body = write_keys(request, keyring_ring(context->keyring));
	const char *tag = tag_of(request->arena, body);
	struct reply reply =
	    has_it(request, tag) ? reply_status(304, "not-modified") : reply_status(200, "ok");

	if (reply.status == 200)
		reply.body = body;
	reply.type = "application/jwk-set+json";
	reply.cache =
	    arena_printf(request->arena, "public, max-age=%ld", context->config->jwks_max_age);
	reply_header(request, &reply, "ETag", tag);
	reply_header(request, &reply, "Access-Control-Allow-Origin", "*");
	return reply;
}

const struct endpoint endpoint = {
    .name = "jwks",
    .allow = "GET, HEAD, OPTIONS",
    .title = "Json Web Key Set",
    .description = "The public keys that tokens can be verified with.",
    .one_form = true,
    .start = start,
    .answer = answer,
};
