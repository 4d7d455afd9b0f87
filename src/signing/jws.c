#include "signing/jws.h"

#include "base/b64url.h"
#include "base/log.h"
#include "json/json.h"

#include <string.h>

#define KID_MAXIMUM    255
#define SIGNATURE_ROOM 64 /* bytes; enough for most algorithms, the buffer grows for others */

/* The header of tokens that the key signs. */
static struct bytes
own_header(const struct ring *ring, const struct key *key)
{
	return ring->with_ids ? key->header_with_id : key->header;
}

static const char *
sign(struct arena *arena, const struct key *key, struct bytes header, struct bytes payload)
{
	struct buffer token = {.arena = arena};
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length;

	/* Allocated at full size: a buffer that grows leaves copies behind. */
	buffer_extend(&token,
	    header.length + b64url_length(payload.length) + b64url_length(SIGNATURE_ROOM) + 2);
	token.length = 0;
	buffer_put(&token, header.data, header.length);
	buffer_putc(&token, '.');
	b64url_encode(&token, payload);
	if (!key_sign(key, buffer_bytes(&token), signature, &length))
		return NULL;
	buffer_putc(&token, '.');
	b64url_encode(&token, (struct bytes){(char *)signature, length});
	return token.data;
}

const char *
jws_sign(struct arena *arena, struct keyring *keyring, int64_t now, struct bytes payload)
{
	const struct ring *ring = keyring_ring(keyring);
	const struct key *key = ring_signer(ring, now);

	if (key == NULL)
		return NULL;
	return sign(arena, key, key == ring->single ? key->header : own_header(ring, key), payload);
}

const char *
jws_sign_with(struct arena *arena, const struct key *key, const char *typ, struct bytes payload)
{
	if (key == NULL)
		return NULL;
	return sign(arena, key, key_header(arena, key, key->id, typ), payload);
}

struct parts {
	struct bytes header, body, signature;
	struct bytes input; /* the signed bytes: header and body */
};

static bool
cut(struct arena *arena, struct bytes token, struct parts *out)
{
	struct bytes rest = token;

	if (!bytes_cut(&rest, ".", &out->header) || !bytes_cut(&rest, ".", &out->body) ||
	    (rest.length > 0 && memchr(rest.data, '.', rest.length) != NULL))
		return false;
	out->input = (struct bytes){token.data, out->header.length + 1 + out->body.length};
	return b64url_decode(arena, rest, &out->signature);
}

/* A parsed header. A header that is byte for byte that of one of our keys is not parsed. */
struct header {
	struct bytes algorithm, key_id;
	bool has_key_id;
};

static bool
read_header(struct arena *arena, struct bytes encoded, struct header *out)
{
	struct json_object *header, *plain;
	struct bytes text;

	if (!b64url_decode(arena, encoded, &text) ||
	    !json_parse(arena, text, JSON_STRICT, &header, NULL))
		return false;
	out->algorithm = json_string(json_member(header, "alg"));
	out->key_id = json_string(json_member(header, "kid"));
	out->has_key_id = out->key_id.data != NULL;
	if (out->algorithm.data == NULL || json_has(header, "crit") ||
	    (json_has(header, "kid") && !out->has_key_id))
		return false;
	/* RFC 7797: with b64 false the payload is not base64url. */
	plain = json_member(header, "b64");
	return json_kind(plain) != JSON_BOOL || json_is_true(plain);
}

static bool
is_named(const struct key *key, struct bytes key_id)
{
	return bytes_equal(key_id, key->id) ||
	       (key->alias.length > 0 && bytes_same(key_id, key->alias));
}

static bool
has_key(const struct ring *ring, struct bytes key_id)
{
	for (size_t i = 0; i < ring->count; i++)
		if (is_named(ring->keys[i].key, key_id))
			return true;
	return false;
}

/* Whether a key to which the header may refer made the signature. */
static bool
is_signed(
    const struct ring *ring, int64_t now, const struct header *header, const struct parts *parts)
{
	bool by_id = header->has_key_id && (ring->with_ids || has_key(ring, header->key_id));

	for (size_t i = 0; i < ring->count; i++) {
		const struct key *key = ring->keys[i].key;

		if (bytes_equal(header->algorithm, key->algorithm->name) &&
		    (!by_id || is_named(key, header->key_id)) &&
		    ring_key_verifies(&ring->keys[i], now) &&
		    key_verify(key, parts->input, parts->signature))
			return true;
	}
	return false;
}

/* The key whose own tokens have exactly this header; NULL if there is none. */
static const struct ring_key *
find_by_header(const struct ring *ring, struct bytes header)
{
	for (size_t i = 0; i < ring->count; i++)
		if (bytes_same(header, own_header(ring, ring->keys[i].key)))
			return &ring->keys[i];
	return NULL;
}

bool
jws_verify(struct arena *arena, struct keyring *keyring, int64_t now, struct bytes token,
    struct bytes *payload)
{
	const struct ring *ring = keyring_ring(keyring);
	const struct ring_key *own;
	struct parts parts;
	struct header header = {.has_key_id = false};
	bool good;

	if (!cut(arena, token, &parts))
		return false;
	own = find_by_header(ring, parts.header);
	if (own != NULL && ring->with_ids) {
		good = ring_key_verifies(own, now) &&
		       key_verify(own->key, parts.input, parts.signature);
	} else if (own != NULL && ring->count == 1) {
		good = key_verify(own->key, parts.input, parts.signature);
	} else {
		if (!read_header(arena, parts.header, &header))
			return false;
		if (ring->with_ids && header.has_key_id && header.key_id.length <= KID_MAXIMUM &&
		    !has_key(ring, header.key_id)) {
			keyring_look_again(keyring);
			ring = keyring_ring(keyring); /* the old one may be freed */
		}
		good = is_signed(ring, now, &header, &parts);
	}
	return good && b64url_decode(arena, parts.body, payload);
}

const char *
jws_fault(struct arena *arena, struct keyring *keyring, int64_t now, struct bytes token)
{
	const struct ring *ring = keyring_ring(keyring);
	struct header header;
	struct parts parts;

	if (!cut(arena, token, &parts))
		return "it is not three parts in base64url with dots between";
	if (!read_header(arena, parts.header, &header))
		return "its header is no JSON object with an alg, or asks for an extension (crit, b64)";
	if (ring->with_ids && header.has_key_id && !has_key(ring, header.key_id))
		return "there is no key with its kid";
	for (size_t i = 0; i < ring->count; i++)
		if (bytes_equal(header.algorithm, ring->keys[i].key->algorithm->name))
			return is_signed(ring, now, &header, &parts)
				   ? "its payload is not base64url"
				   : "its signature is not right";
	return arena_printf(
	    arena, "its alg is %s, which no key here is for", log_quote(arena, header.algorithm));
}
