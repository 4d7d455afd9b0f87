#include "http/guard.h"

#include <string.h>

enum { BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5, NOTHING = -1 };
enum { RESPONDER = 1, AUTHORIZER = 2 };
enum { VERSION = 1, KEEP_CONNECTION = 1, HEADER = 8, BEGIN_LENGTH = 8 };

struct record {
	int type;
	unsigned request_id;
	size_t content, padding;
};

size_t
guard_maximum(size_t body_maximum)
{
	return GUARD_PARAMETERS_MAXIMUM + GUARD_OVERHEAD_MAXIMUM + body_maximum;
}

/* Whether a record with this header may come now; its content may be incomplete. */
static bool
is_expected(const struct guard *guard, const unsigned char *header, struct record *out)
{
	int expected = guard->expected == 0 ? BEGIN_REQUEST : guard->expected;

	*out = (struct record){.type = header[1],
	    .request_id = (unsigned)header[2] << 8 | header[3],
	    .content = (size_t)header[4] << 8 | header[5],
	    .padding = header[6]};
	if (header[0] != VERSION || out->type != expected || out->request_id == 0)
		return false;
	if (expected == BEGIN_REQUEST)
		return out->content == BEGIN_LENGTH && out->padding == 0;
	return out->request_id == guard->request_id && (out->content > 0 || out->padding == 0);
}

static bool
take_begin(struct guard *guard, const unsigned char *content, const struct record *record)
{
	unsigned role = (unsigned)content[0] << 8 | content[1];

	if (role != RESPONDER && !(role == AUTHORIZER && guard->takes_authorizer))
		return false;
	guard->request_id = record->request_id;
	guard->authorizer = role == AUTHORIZER;
	guard->keep_connection = (content[2] & KEEP_CONNECTION) != 0;
	guard->expected = PARAMS;
	return true;
}

/* Takes one byte of a length: one byte below 128, or else four bytes (section 3.4). */
static bool
take_length_byte(struct guard_pairs *pairs, unsigned char byte)
{
	size_t *length = &pairs->lengths[pairs->which];

	if (pairs->have == 0) {
		*length = byte & 0x7f;
		pairs->have = byte < 0x80 ? 4 : 1;
	} else {
		*length = *length << 8 | byte;
		pairs->have++;
	}
	if (pairs->have < 4)
		return true;
	pairs->have = 0;
	if (++pairs->which < 2)
		return true;
	pairs->which = 0;
	pairs->in_name = true;
	pairs->left = pairs->lengths[0];
	return pairs->left > 0;
}

/* Takes part of a name or value. libfcgi makes "name=value" of it: no NUL, no '=' in a name. */
static bool
take_text(struct guard_pairs *pairs, const unsigned char *text, size_t length)
{
	if (memchr(text, '\0', length) != NULL ||
	    (pairs->in_name && memchr(text, '=', length) != NULL))
		return false;
	pairs->left -= length;
	if (pairs->left == 0 && pairs->in_name) {
		pairs->in_name = false;
		pairs->left = pairs->lengths[1];
	}
	return true;
}

static bool
take_pairs(struct guard_pairs *pairs, const unsigned char *at, size_t length)
{
	while (length > 0) {
		size_t piece = pairs->left < length ? pairs->left : length;

		if (piece == 0)
			piece = 1;
		if (pairs->left == 0 ? !take_length_byte(pairs, *at) : !take_text(pairs, at, piece))
			return false;
		at += piece;
		length -= piece;
	}
	return true;
}

static bool
end_parameters(struct guard *guard)
{
	const struct guard_pairs *pairs = &guard->pairs;

	guard->expected = guard->authorizer ? NOTHING : STDIN;
	return guard->parameters_too_large ||
	       (pairs->left == 0 && pairs->have == 0 && pairs->which == 0);
}

static bool
take_parameters(struct guard *guard, const unsigned char *content, size_t length)
{
	if (length == 0)
		return end_parameters(guard);
	guard->parameters += length;
	if (guard->parameters > GUARD_PARAMETERS_MAXIMUM ||
	    guard->checked > GUARD_PARAMETERS_MAXIMUM + GUARD_OVERHEAD_MAXIMUM)
		guard->parameters_too_large = true;
	return guard->parameters_too_large || take_pairs(&guard->pairs, content, length);
}

static void
take_body(struct guard *guard, size_t length)
{
	if (length == 0)
		guard->expected = NOTHING;
	guard->body += length;
	if (guard->body > guard->body_maximum ||
	    guard->checked > guard_maximum(guard->body_maximum))
		guard->body_too_large = true;
}

static bool
is_too_large(const struct guard *guard)
{
	return guard->parameters_too_large || guard->body_too_large;
}

static bool
take(struct guard *guard, const unsigned char *content, const struct record *record)
{
	int expected = guard->expected;
	bool good = true;

	guard->checked += HEADER + record->content + record->padding;
	if (record->type == BEGIN_REQUEST)
		good = take_begin(guard, content, record);
	else if (record->type == PARAMS)
		good = take_parameters(guard, content, record->content);
	else
		take_body(guard, record->content);
	if (guard->expected != expected && !is_too_large(guard))
		guard->head = guard->checked;
	return good;
}

enum guard_verdict
guard_check(struct guard *guard, const unsigned char *bytes, size_t length)
{
	struct record record;

	while (guard->expected != NOTHING) {
		const unsigned char *at = bytes + guard->checked;
		size_t left = length - guard->checked;

		if (left < HEADER)
			return GUARD_INCOMPLETE;
		if (!is_expected(guard, at, &record))
			return GUARD_REFUSED;
		if (left < HEADER + record.content + record.padding)
			return GUARD_INCOMPLETE;
		if (!take(guard, at + HEADER, &record))
			return GUARD_REFUSED;
	}
	return GUARD_COMPLETE;
}

size_t
guard_drop(struct guard *guard, unsigned char *bytes, size_t length)
{
	size_t dropped = is_too_large(guard) ? guard->checked - guard->head : 0;

	if (dropped == 0)
		return length;
	memmove(bytes + guard->head, bytes + guard->checked, length - guard->checked);
	explicit_bzero(bytes + length - dropped, dropped);
	guard->checked = guard->head;
	return length - dropped;
}
