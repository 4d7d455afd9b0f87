#include "signing/keyring.h"

#include "base/clock.h"
#include "base/log.h"
#include "signing/openssl.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOOK_EVERY 1000 /* milliseconds */
#define SETTLED    2    /* seconds after which a change cannot hide behind a file's coarse times */

struct keyring {
	struct arena *arena;
	const char *folder; /* NULL: nothing to look at */
	struct ring_rules rules;
	struct ring *ring;
	uint64_t fingerprint; /* of the folder when it was read; 0: read it again in any case */
	int64_t looked, looked_again; /* milliseconds */
	sig_atomic_t hang_ups;
	char complaint[512]; /* the last one, so that it is made once */
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

int64_t
keyring_longest_lifetime(const struct config *config)
{
	const long lifetimes[] = {config->access_token_lifetime, config->refresh_token_lifetime,
	    config->sliding_token_lifetime, config->sliding_token_refresh_lifetime};
	int64_t longest = 0;

	for (size_t i = 0; i < sizeof(lifetimes) / sizeof(*lifetimes); i++)
		longest = lifetimes[i] > longest ? lifetimes[i] : longest;
	return longest + config->leeway;
}

static struct keyring *
keyring_new(void)
{
	struct arena *arena = arena_new();
	struct keyring *keyring = arena_alloc(arena, sizeof(*keyring));

	keyring->arena = arena;
	return keyring;
}

struct keyring *
keyring_of(struct ring *ring)
{
	struct keyring *keyring = keyring_new();

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

/* A key from a setting's text or its file; false after a line in the log. */
static bool
read_setting(struct arena *arena, const char *name, const char *text, const char *file,
    const struct key_wish *wish, struct keys *out)
{
	const char *why = NULL;

	if (text != NULL ? keytext_read(arena, bytes_of(text), wish, out, NULL, &why)
			 : keyfile_read(arena, file, wish, out, &why))
		return true;
	if (text != NULL)
		log_line("%s %s", name, why);
	else
		log_line("%s_FILE %s %s", name, file, why);
	return false;
}

static bool
read_settings(
    struct arena *arena, const struct config *config, enum keyring_duty duty, struct keys *out)
{
	struct key_wish wish = {.algorithm = algorithm_find(bytes_of(config->algorithm)),
	    .signs = duty == KEYRING_SIGNS};
	bool symmetric = wish.algorithm->family == FAMILY_HMAC;
	bool has_public =
	    !symmetric && (config->verifying_key != NULL || config->verifying_key_file != NULL);
	struct keys public = {.count = 0};
	bool same;

	out->count = 0;
	if (has_public && !read_setting(arena, "JWT_VERIFYING_KEY", config->verifying_key,
			      config->verifying_key_file,
			      &(struct key_wish){.algorithm = wish.algorithm}, &public))
		return false;
	if (has_public && duty == KEYRING_VERIFIES) {
		*out = public;
		return true;
	}
	if (config->signing_key == NULL && config->signing_key_file == NULL) {
		log_line("no key: set JWT_KEY_DIR, JWT_SIGNING_KEY_FILE or JWT_SIGNING_KEY%s",
		    symmetric || duty == KEYRING_SIGNS ? "" : ", or JWT_VERIFYING_KEY_FILE");
		keys_free(&public);
		return false;
	}
	if (!read_setting(arena, "JWT_SIGNING_KEY", config->signing_key, config->signing_key_file,
		&wish, out)) {
		keys_free(&public);
		return false;
	}
	same = !has_public || strcmp(public.keys[0]->id, out->keys[0]->id) == 0;
	keys_free(&public);
	if (!same)
		log_line("JWT_VERIFYING_KEY is not the public half of JWT_SIGNING_KEY");
	else if (duty == KEYRING_SIGNS && !out->keys[0]->signs)
		log_line("JWT_SIGNING_KEY is a public key; tokens are signed with a private one");
	else
		return true;
	keys_free(out);
	return false;
}

static bool
load_single(struct keyring *keyring, const struct config *config, enum keyring_duty duty)
{
	struct arena *scratch = arena_new();
	struct keys keys;
	bool read = read_settings(scratch, config, duty, &keys);

	if (read)
		keyring->ring = ring_of(&keys);
	arena_free(scratch);
	return read;
}

/* Says so once, and again only after something else was said. */
static void
complain(struct keyring *keyring, const char *why, bool in_use)
{
	if (strncmp(why, keyring->complaint, sizeof(keyring->complaint) - 1) == 0)
		return;
	snprintf(keyring->complaint, sizeof(keyring->complaint), "%s", why);
	log_line("JWT_KEY_DIR: %s%s", why, in_use ? "; the keys in use stay" : "");
}

/* Reads the folder; what is moved while it is read is read again. */
static struct ring *
read_folder(struct keyring *keyring, struct arena *scratch, const char **why)
{
	struct ring *ring = NULL;
	uint64_t before, after = 0;
	int64_t newest;

	for (int i = 0; i < 3; i++) {
		before = ring_fingerprint(keyring->folder, &newest);
		ring_free(ring);
		ring = ring_load(scratch, keyring->folder, &keyring->rules, why);
		after = ring_fingerprint(keyring->folder, &newest);
		if (before == after)
			break;
		after = 0;
	}
	keyring->fingerprint = time(NULL) - newest < SETTLED ? 0 : after;
	return ring;
}

/* Whether the second ring would do anything that the first does not. */
static bool
differ(const struct ring *a, const struct ring *b)
{
	if (a == NULL || a->count != b->count || a->signs_from != b->signs_from)
		return true;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->keys[i].key->id, b->keys[i].key->id) != 0 ||
		    a->keys[i].state != b->keys[i].state || a->keys[i].until != b->keys[i].until ||
		    strcmp(a->keys[i].key->algorithm->name, b->keys[i].key->algorithm->name) != 0)
			return true;
	return false;
}

static void
log_ring(const struct ring *ring)
{
	const struct key *signer = ring->signer;

	if (signer == NULL)
		log_notice("keys: %zu, for verifying", ring->count);
	else
		log_notice("keys: %zu, signing with %s (%s)", ring->count, signer->id,
		    signer->algorithm->name);
}

/* Takes the folder's keys into use; true if they are other ones than before. */
static bool
reload(struct keyring *keyring)
{
	struct arena *scratch = arena_new();
	bool first = keyring->ring == NULL, changed;
	const char *why;
	struct ring *ring = read_folder(keyring, scratch, &why);

	changed = ring != NULL && differ(keyring->ring, ring);
	if (ring == NULL) {
		complain(keyring, why, !first);
	} else {
		keyring->complaint[0] = '\0';
		ring_free(keyring->ring);
		keyring->ring = ring;
	}
	arena_free(scratch);
	if (changed && !first)
		log_ring(ring);
	return changed;
}

static bool
look(struct keyring *keyring)
{
	int64_t newest;

	if (keyring->fingerprint != 0 && keyring->hang_ups == hang_ups &&
	    ring_fingerprint(keyring->folder, &newest) == keyring->fingerprint)
		return false;
	keyring->hang_ups = hang_ups;
	return reload(keyring);
}

struct keyring *
keyring_load(const struct config *config, enum keyring_duty duty)
{
	struct keyring *keyring;

	openssl_start();
	keyring = keyring_new();
	if (config->key_dir == NULL) {
		if (load_single(keyring, config, duty))
			return keyring;
		keyring_free(keyring);
		return NULL;
	}
	keyring->folder = config->key_dir;
	keyring->rules = (struct ring_rules){.signs = duty == KEYRING_SIGNS,
	    .usual = algorithm_find(bytes_of(config->algorithm)),
	    .longest = keyring_longest_lifetime(config)};
	keyring->looked = clock_milliseconds();
	reload(keyring);
	if (keyring->ring == NULL) {
		keyring_free(keyring);
		return NULL;
	}
	watch_signal();
	return keyring;
}

const struct ring *
keyring_ring(struct keyring *keyring)
{
	int64_t now;

	if (keyring->folder == NULL)
		return keyring->ring;
	now = clock_milliseconds();
	if (now - keyring->looked >= LOOK_EVERY || keyring->hang_ups != hang_ups) {
		keyring->looked = now;
		look(keyring);
	}
	return keyring->ring;
}

bool
keyring_look_again(struct keyring *keyring)
{
	int64_t now = clock_milliseconds();

	if (keyring->folder == NULL || now - keyring->looked_again < LOOK_EVERY)
		return false;
	keyring->looked_again = now;
	return look(keyring);
}
