#include "http/slot.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* All connections receive here; the bytes that came are moved to the slot. */
static unsigned char inbox[64 * 1024];
static size_t memory;

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
	memory -= slot->room;
	slot->bytes = NULL;
	slot->room = 0;
}

/* Not realloc(3): it would leave a copy behind. */
static void
append(struct slot *slot, size_t length)
{
	size_t room = slot->length + length;

	if (room > slot->room) {
		unsigned char *larger;

		if (slot->room > 0 && room < 2 * slot->room)
			room = 2 * slot->room;
		larger = memory_need(malloc(room));
		if (slot->length > 0)
			memcpy(larger, slot->bytes, slot->length);
		free_bytes(slot, slot->length);
		memory += room;
		slot->bytes = larger;
		slot->room = room;
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
slot_free(struct slot *slot)
{
	free_bytes(slot, slot->length);
	if (slot->connection >= 0)
		close(slot->connection);
	free(slot);
}
