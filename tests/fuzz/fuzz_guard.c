/*
 * The guard over what a peer sends: the verdict does not depend on the pieces in which it comes,
 * what it calls complete is within its bounds, and reads as it says.
 */
#include "fuzz.h"

#include "http/guard.h"

#include <string.h>

#define BODY_MAXIMUM 100 /* small, so that many bodies are too large */

struct outcome {
	enum guard_verdict verdict;
	size_t length; /* of what was not dropped */
	struct guard guard;
};

/* As the event loop does: in pieces of `step` bytes, dropping what is too large. */
static struct outcome
check(const uint8_t *data, size_t size, size_t step, unsigned char *bytes)
{
	struct outcome outcome = {.verdict = GUARD_INCOMPLETE,
	    .guard = {.body_maximum = BODY_MAXIMUM, .takes_authorizer = size % 2 == 1}};

	for (size_t at = 0; at < size && outcome.verdict == GUARD_INCOMPLETE; at += step) {
		size_t piece = size - at < step ? size - at : step;

		memcpy(bytes + outcome.length, data + at, piece);
		outcome.length += piece;
		outcome.verdict = guard_check(&outcome.guard, bytes, outcome.length);
		if (outcome.verdict == GUARD_INCOMPLETE)
			outcome.length = guard_drop(&outcome.guard, bytes, outcome.length);
		require(outcome.guard.head <= outcome.guard.checked);
		require(outcome.guard.checked <= outcome.length);
	}
	return outcome;
}

/* The records of a stream of the request, from `at`; their content goes to `out`. */
static size_t
read_stream(const unsigned char *bytes, size_t *at, int type, unsigned char *out)
{
	size_t length = 0, content;

	do {
		content = (size_t)bytes[*at + 4] << 8 | bytes[*at + 5];
		require(bytes[*at] == 1 && bytes[*at + 1] == type);
		memcpy(out + length, bytes + *at + 8, content);
		length += content;
		*at += 8 + content + bytes[*at + 6];
	} while (content > 0);
	return length;
}

static size_t
read_length(const unsigned char *pairs, size_t *at)
{
	size_t length = pairs[(*at)++];

	if (length >= 128) {
		length = (length & 0x7f) << 24 | (size_t)pairs[*at] << 16 |
			 (size_t)pairs[*at + 1] << 8 | pairs[*at + 2];
		*at += 3;
	}
	return length;
}

static void
read_pairs(const unsigned char *pairs, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t name = read_length(pairs, &at), value = read_length(pairs, &at);

		require(name > 0 && name + value <= length - at);
		require(memchr(pairs + at, '\0', name + value) == NULL);
		require(memchr(pairs + at, '=', name) == NULL);
		at += name + value;
	}
}

static void
read_request(const struct guard *guard, const unsigned char *bytes, unsigned char *out)
{
	size_t at = 16;

	require(guard->head <= guard_maximum(BODY_MAXIMUM) && guard->request_id != 0);
	if (guard->parameters_too_large) {
		require(guard->head < guard->checked);
		return;
	}
	read_pairs(out, read_stream(bytes, &at, 4, out));
	if (!guard->authorizer && !guard->body_too_large)
		require(
		    read_stream(bytes, &at, 5, out) == guard->body && guard->body <= BODY_MAXIMUM);
	require(guard->body_too_large ? at <= guard->head : at == guard->head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *bytes = malloc(size + 1), *other = malloc(size + 1);
	struct outcome whole = check(data, size, size + 1, bytes);
	struct outcome pieces = check(data, size, 1 + size % 7, other);

	require(whole.verdict == pieces.verdict);
	if (whole.verdict == GUARD_COMPLETE) {
		require(whole.guard.body == pieces.guard.body);
		require(whole.guard.parameters_too_large == pieces.guard.parameters_too_large);
		require(whole.guard.body_too_large == pieces.guard.body_too_large);
		require(whole.guard.head == pieces.guard.head);
		require(memcmp(bytes, other, whole.guard.head) == 0);
		read_request(&whole.guard, bytes, other);
	}
	free(bytes);
	free(other);
	return 0;
}
