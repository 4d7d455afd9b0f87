#include "signing/jws.h"

#include "base/json.h"
#include "signing/b64url.h"

#include <string.h>

const char *
jws_sign(struct arena *arena, const struct keyring *keyring, struct bytes payload)
{
	const struct key *key = keyring_signer(keyring);
	struct buffer token = {.arena = arena};
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length;

	buffer_put(&token, key_header(key).data, key_header(key).length);
	buffer_putc(&token, '.');
	b64url_encode(&token, payload);
	if (!key_sign(key, buffer_bytes(&token), signature, &length))
		return NULL;
	buffer_putc(&token, '.');
	b64url_encode(&token, (struct bytes){(char *)signature, length});
	return token.data;
}

/* Cuts a part off at the next dot; false if there is none. */
static bool
cut_part(struct bytes *rest, struct bytes *part)
{
	const char *dot = rest->length == 0 ? NULL : memchr(rest->data, '.', rest->length);

	if (dot == NULL)
		return false;
	*part = (struct bytes){rest->data, (size_t)(dot - rest->data)};
	rest->data = dot + 1;
	rest->length -= part->length + 1;
	return true;
}

/* Whether a header that is not letter for letter our own names the key's algorithm all the same. */
static bool
header_fits(struct arena *arena, const struct key *key, struct bytes encoded)
{
	const struct json *header, *algorithm, *key_id, *encoded_payload;
	struct bytes text;

	if (!b64url_decode(arena, encoded, &text))
		return false;
	header = json_parse(arena, text, JSON_STRICT, NULL);
	algorithm = json_member(header, "alg");
	key_id = json_member(header, "kid");
	encoded_payload = json_member(header, "b64");
	/* RFC 7797: such a payload would not be the base64url that we are about to decode. */
	if (encoded_payload != NULL && encoded_payload->type == JSON_BOOL &&
	    !encoded_payload->boolean)
		return false;
	return algorithm != NULL && algorithm->type == JSON_STRING &&
	       bytes_equal(algorithm->text, key_algorithm(key)) &&
	       json_member(header, "crit") == NULL &&
	       (key_id == NULL || key_id->type == JSON_STRING);
}

bool
jws_verify(
    struct arena *arena, const struct keyring *keyring, struct bytes token, struct bytes *payload)
{
	const struct key *key = keyring_signer(keyring);
	struct bytes rest = token, header, body, input, signature;

	if (!cut_part(&rest, &header) || !cut_part(&rest, &body) ||
	    (rest.length > 0 && memchr(rest.data, '.', rest.length) != NULL))
		return false;
	input = (struct bytes){token.data, header.length + 1 + body.length};
	if (!bytes_same(header, key_header(key)) && !header_fits(arena, key, header))
		return false;
	return b64url_decode(arena, rest, &signature) && key_verify(key, input, signature) &&
	       b64url_decode(arena, body, payload);
}
