#include "signing/ring.h"

/* Seconds within which each worker that serves requests has checked the folder twice. */
#define KNOWN_AFTER 2

struct ring *
ring_new(void)
{
	struct arena *arena = arena_new();
	struct ring *ring = arena_alloc(arena, sizeof(*ring));

	ring->arena = arena;
	return ring;
}

/*
 * Adds a key. The two halves of a pair become one key in the state of the private half. The same
 * key twice is refused, because its state would be ambiguous.
 */
static const char *
add(struct arena *arena, struct ring *ring, const struct ring_key *added)
{
	for (size_t i = 0; i < ring->count; i++) {
		struct ring_key *other = &ring->keys[i];
		struct ring_key public = added->key->signs ? *other : *added;

		if (strcmp(other->key->id, added->key->id) != 0)
			continue;
		if (other->key->signs == added->key->signs) {
			const char *why = arena_printf(
			    arena, "%s and %s are the same key", other->file, added->file);

			key_free(added->key);
			return why;
		}
		if (added->key->signs)
			*other = *added;
		other->since = other->since > public.since ? other->since : public.since;
		key_free(public.key);
		return NULL;
	}
	if (ring->count == KEYS_MAXIMUM) {
		key_free(added->key);
		return arena_printf(arena, "more than %d keys", KEYS_MAXIMUM);
	}
	ring->keys[ring->count++] = *added;
	return NULL;
}

const char *
ring_add(struct arena *arena, struct ring *ring, struct ring_key added, struct keys *keys)
{
	const char *why = NULL;

	for (added.place = 0; added.place < keys->count && why == NULL; added.place++) {
		added.key = keys->keys[added.place];
		keys->keys[added.place] = NULL;
		why = add(arena, ring, &added);
	}
	keyfile_free(keys);
	return why;
}

/* Of several keys in one file the first one signs. */
static bool
is_later(const struct ring_key *one, const struct ring_key *other)
{
	int order = strcmp(one->file, other->file);

	if (one->since != other->since)
		return one->since > other->since;
	return order > 0 || (order == 0 && one->place < other->place);
}

/* The private key, of an algorithm (NULL: any), that entered a state last; `other` excluded. */
static const struct ring_key *
latest(const struct ring *ring, enum key_state state, const struct algorithm *algorithm,
    const struct key *other)
{
	const struct ring_key *found = NULL;

	for (size_t i = 0; i < ring->count; i++) {
		const struct ring_key *one = &ring->keys[i];

		if (one->state == state && one->key->signs && one->key != other &&
		    (algorithm == NULL || one->key->algorithm == algorithm) &&
		    (found == NULL || is_later(one, found)))
			found = one;
	}
	return found;
}

const struct key *
ring_signer_of(const struct ring *ring, const struct algorithm *algorithm, int64_t now)
{
	const struct ring_key *signer = latest(ring, KEY_ACTIVE, algorithm, NULL), *before;

	if (signer == NULL)
		return NULL;
	if (now >= signer->since + KNOWN_AFTER)
		return signer->key;
	before = latest(ring, KEY_ACTIVE, algorithm, signer->key);
	if (before != NULL)
		return before->key;
	before = latest(ring, KEY_RETIRED, algorithm, signer->key);
	return before != NULL && before->since + KNOWN_AFTER >= signer->since ? before->key
									      : signer->key;
}

const struct key *
ring_signer(const struct ring *ring, int64_t now)
{
	return ring->single != NULL ? ring->single : ring_signer_of(ring, NULL, now);
}

struct ring *
ring_of(struct keys *keys)
{
	struct ring *ring = ring_new();

	for (; ring->count < keys->count; ring->count++)
		ring->keys[ring->count] = (struct ring_key){.key = keys->keys[ring->count],
		    .state = KEY_ACTIVE,
		    .file = "",
		    .place = ring->count};
	keys->count = 0;
	return ring;
}

const char *
ring_add_single(struct arena *arena, struct ring *ring, struct keys *keys)
{
	if (keys->keys[0]->signs)
		ring->single = keys->keys[0];
	return ring_add(
	    arena, ring, (struct ring_key){.state = KEY_ACTIVE, .file = "JWT_SIGNING_KEY"}, keys);
}

void
ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	for (size_t i = 0; i < ring->count; i++)
		key_free(ring->keys[i].key);
	arena_free(ring->arena);
}

bool
ring_key_verifies(const struct ring_key *key, int64_t now)
{
	return key->until == 0 || now < key->until;
}
