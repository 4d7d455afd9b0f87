#include "http/slot.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Receive buffer of all connections; the bytes are then moved to the slot. */
static unsigned char inbox[64 * 1024];
static size_t memory;

TAILQ_HEAD(slots, slot);

/* The waiting slots; each list is in the order of deadlines. */
static struct slots waiting[SLOT_WAITS] = {
    [SLOT_INCOMPLETE] = TAILQ_HEAD_INITIALIZER(waiting[SLOT_INCOMPLETE]),
    [SLOT_KEPT] = TAILQ_HEAD_INITIALIZER(waiting[SLOT_KEPT]),
    [SLOT_CLOSING] = TAILQ_HEAD_INITIALIZER(waiting[SLOT_CLOSING])};
static int counts[SLOT_WAITS];

struct slot *
slot_new(int connection, const struct guard *rules)
{
	struct slot *slot = memory_need(calloc(1, sizeof(*slot)));

	slot->connection = connection;
	slot->guard = *rules;
	return slot;
}

size_t
slot_memory(void)
{
	return memory;
}

static void
free_bytes(struct slot *slot, size_t used)
{
	if (used > 0)
		explicit_bzero(slot->bytes, used);
	free(slot->bytes);
	memory -= slot->size;
	slot->bytes = NULL;
	slot->size = 0;
}

/* realloc(3) would leave a copy of the old bytes in the heap. */
static void
append(struct slot *slot, size_t length)
{
	size_t needed = slot->length + length;

	if (needed > slot->size) {
		unsigned char *larger;

		if (slot->size > 0 && needed < 2 * slot->size)
			needed = 2 * slot->size;
		larger = memory_need(malloc(needed));
		if (slot->length > 0)
			memcpy(larger, slot->bytes, slot->length);
		free_bytes(slot, slot->length);
		memory += needed;
		slot->bytes = larger;
		slot->size = needed;
	}
	memcpy(slot->bytes + slot->length, inbox, length);
	explicit_bzero(inbox, length);
	slot->length += length;
}

enum guard_verdict
slot_receive(struct slot *slot)
{
	ssize_t got = recv(slot->connection, inbox, sizeof(inbox), 0);
	enum guard_verdict verdict;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return GUARD_INCOMPLETE;
	slot->ended = got <= 0;
	if (slot->ended)
		return GUARD_REFUSED;
	append(slot, (size_t)got);
	verdict = guard_check(&slot->guard, slot->bytes, slot->length);
	if (verdict == GUARD_INCOMPLETE)
		slot->length = guard_drop(&slot->guard, slot->bytes, slot->length);
	return verdict;
}

bool
slot_drain(struct slot *slot)
{
	ssize_t got = recv(slot->connection, inbox, sizeof(inbox), 0);

	if (got > 0)
		explicit_bzero(inbox, (size_t)got);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void
slot_clear(struct slot *slot, const struct guard *rules)
{
	free_bytes(slot, slot->length);
	slot->length = 0;
	slot->guard = *rules;
}

void
slot_unpark(struct slot *slot)
{
	if (slot->wait != SLOT_ACTIVE) {
		TAILQ_REMOVE(&waiting[slot->wait], slot, next);
		counts[slot->wait]--;
	}
	slot->wait = SLOT_ACTIVE;
}

void
slot_park(struct slot *slot, enum slot_wait wait, int64_t milliseconds)
{
	slot_unpark(slot);
	slot->wait = wait;
	slot->deadline = clock_milliseconds() + milliseconds;
	TAILQ_INSERT_TAIL(&waiting[wait], slot, next);
	counts[wait]++;
}

int
slot_count(enum slot_wait wait)
{
	return counts[wait];
}

struct slot *
slot_first(enum slot_wait wait)
{
	return TAILQ_FIRST(&waiting[wait]);
}

int64_t
slot_deadline(void)
{
	int64_t first = INT64_MAX;

	for (enum slot_wait wait = SLOT_INCOMPLETE; wait < SLOT_WAITS; wait++)
		if (slot_first(wait) != NULL && slot_first(wait)->deadline < first)
			first = slot_first(wait)->deadline;
	return first;
}

void
slot_free(struct slot *slot)
{
	slot_unpark(slot);
	free_bytes(slot, slot->length);
	if (slot->connection >= 0)
		close(slot->connection);
	free(slot);
}
