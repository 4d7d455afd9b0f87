#include "signing/keyring.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/memory.h"

#include <signal.h>
#include <stdio.h>

#define LOOK_EVERY 1000 /* milliseconds */
#define SETTLED    2    /* seconds after which a further change is sure to show in file times */

struct keyring {
	struct arena *arena;
	const struct config *config; /* NULL: no file is read again */
	enum keyring_duty duty;
	const char *watched[KEYRING_WATCHED]; /* the files of single keys, and the folder */
	struct ring *ring;
	uint64_t fingerprint;         /* of folder and files, when the keys were read */
	uint64_t files;               /* of the files alone, at the last check */
	bool settled;                 /* the next change is sure to change the fingerprint */
	int64_t looked, looked_again; /* clock_milliseconds() */
	sig_atomic_t hang_ups;
	char complaint[512]; /* the last error, to log it only once */
};

static volatile sig_atomic_t hang_ups;

static void
hang_up(int signal)
{
	(void)signal;
	hang_ups = (hang_ups + 1) & 0x7fff;
}

static void
watch_signal(void)
{
	struct sigaction action = {.sa_handler = hang_up, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(SIGHUP, &action, NULL);
}

struct keyring *
keyring_of(struct ring *ring)
{
	struct arena *arena = arena_new();
	struct keyring *keyring = arena_alloc(arena, sizeof(*keyring));

	keyring->arena = arena;
	keyring->ring = ring;
	return keyring;
}

void
keyring_free(struct keyring *keyring)
{
	if (keyring == NULL)
		return;
	ring_free(keyring->ring);
	arena_free(keyring->arena);
}

/* Logs an error once, and again only after a different one. */
static void
complain(struct keyring *keyring, const char *why, bool in_use)
{
	if (strncmp(why, keyring->complaint, sizeof(keyring->complaint) - 1) == 0)
		return;
	snprintf(keyring->complaint, sizeof(keyring->complaint), "%s", why);
	log_error("%s%s", why, in_use ? "; the keys in use stay" : "");
}

/* Of the files of single keys: one stat(2) each. */
static uint64_t
fingerprint_files(const struct keyring *keyring, int64_t *newest)
{
	return ring_fingerprint(keyring->watched[0], newest) * 31 +
	       ring_fingerprint(keyring->watched[1], newest);
}

/* Also sets keyring->files, which keyring_ring() compares. */
static uint64_t
fingerprint(struct keyring *keyring, int64_t *newest)
{
	*newest = 0;
	keyring->files = fingerprint_files(keyring, newest);
	return ring_fingerprint(keyring->watched[KEYRING_FOLDER], newest) * 31 + keyring->files;
}

/* Reads the keys, up to three times if they change meanwhile. */
static struct ring *
read_keys(struct keyring *keyring, struct arena *scratch, const char **why)
{
	struct ring *ring = NULL;
	uint64_t before = 0;
	int64_t newest;

	keyring->fingerprint = 1;
	for (int i = 0; i < 3 && keyring->fingerprint != before; i++) {
		before = fingerprint(keyring, &newest);
		ring_free(ring);
		ring = keyring_read(scratch, keyring->config, keyring->duty, why);
		keyring->fingerprint = fingerprint(keyring, &newest);
	}
	keyring->settled = keyring->fingerprint == before && clock_seconds() - newest >= SETTLED;
	return ring;
}

/* Whether the rings would sign or verify differently. */
static bool
differ(const struct ring *a, const struct ring *b)
{
	if (a->count != b->count)
		return true;
	for (size_t i = 0; i < a->count; i++)
		if ((a->keys[i].state == KEY_ACTIVE && a->keys[i].since != b->keys[i].since) ||
		    strcmp(a->keys[i].key->id, b->keys[i].key->id) != 0 ||
		    a->keys[i].state != b->keys[i].state || a->keys[i].until != b->keys[i].until ||
		    strcmp(a->keys[i].key->algorithm->name, b->keys[i].key->algorithm->name) != 0)
			return true;
	return false;
}

/* Without kids the thumbprint is not logged: that of a secret is a hash of it. */
static void
log_ring(const struct ring *ring)
{
	const struct key *signer = ring_signer(ring, INT64_MAX);

	if (!ring->with_ids)
		log_notice("keys: the key file has changed and was read again (%s)",
		    ring->keys[0].key->algorithm->name);
	else if (signer == NULL)
		log_notice("keys: %zu, for verifying", ring->count);
	else if (signer == ring->single)
		log_notice("keys: %zu, signing with JWT_SIGNING_KEY (%s)", ring->count,
		    signer->algorithm->name);
	else
		log_notice("keys: %zu, signing with %s (%s)", ring->count, signer->id,
		    signer->algorithm->name);
}

/* Loads the keys; after a failure the old ring stays in use. */
static void
reload(struct keyring *keyring)
{
	struct arena *scratch = arena_new();
	const char *why;
	struct ring *ring = read_keys(keyring, scratch, &why);

	if (ring == NULL) {
		complain(keyring, why, keyring->ring != NULL);
	} else {
		if (keyring->ring != NULL && differ(keyring->ring, ring))
			log_ring(ring);
		keyring->complaint[0] = '\0';
		ring_free(keyring->ring);
		keyring->ring = ring;
	}
	arena_free(scratch);
}

/* unsettled: also reload if file times are too coarse to show the latest change. */
static void
look(struct keyring *keyring, bool unsettled)
{
	int64_t newest;

	if ((keyring->settled || !unsettled) && keyring->hang_ups == hang_ups &&
	    fingerprint(keyring, &newest) == keyring->fingerprint)
		return;
	keyring->hang_ups = hang_ups;
	reload(keyring);
	memory_hide(); /* the heap may have grown */
}

struct keyring *
keyring_load(const struct config *config, enum keyring_duty duty)
{
	struct keyring *keyring;

	crypto_start();
	keyring = keyring_of(NULL);
	keyring->config = config;
	keyring->duty = duty;
	keyring->looked = clock_milliseconds();
	keyring_paths(config, duty, keyring->watched);
	reload(keyring);
	if (keyring->ring == NULL) {
		keyring_free(keyring);
		return NULL;
	}
	if (keyring->watched[0] == NULL && keyring->watched[1] == NULL &&
	    keyring->watched[KEYRING_FOLDER] == NULL)
		keyring->config = NULL;
	else
		watch_signal();
	return keyring;
}

const char *const *
keyring_watched(const struct keyring *keyring)
{
	return keyring->watched;
}

/*
 * A folder is checked at most once a second: a new key has a kid that other workers do not know
 * yet, and signs only after that time. A single key has neither, so its file is checked at each use
 * (one stat(2)): a token that one worker signed must be valid for the next.
 */
const struct ring *
keyring_ring(struct keyring *keyring)
{
	int64_t now, newest = 0;
	bool due;

	if (keyring->config == NULL)
		return keyring->ring;
	now = clock_milliseconds();
	due = now - keyring->looked >= LOOK_EVERY || keyring->hang_ups != hang_ups;
	if (due)
		keyring->looked = now;
	if (due || fingerprint_files(keyring, &newest) != keyring->files)
		look(keyring, due);
	return keyring->ring;
}

void
keyring_look_again(struct keyring *keyring)
{
	int64_t now = clock_milliseconds();

	if (keyring->config == NULL || now - keyring->looked_again < LOOK_EVERY)
		return;
	keyring->looked_again = now;
	look(keyring, true);
}
