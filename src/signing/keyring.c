#include "signing/keyring.h"

#include "base/clock.h"
#include "base/log.h"
#include "signing/crypto.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY 1000 /* milliseconds */
#define SETTLED    2    /* seconds after which a change cannot hide behind a file's coarse times */
#define FOLDER     (KEYRING_WATCHED - 1)

struct keyring {
	struct arena *arena;
	const struct config *config; /* NULL: no file is read again */
	enum keyring_duty duty;
	const char *watched[KEYRING_WATCHED]; /* the files of single keys, and the folder */
	struct ring *ring;
	uint64_t fingerprint;         /* of folder and files when they were read */
	uint64_t files;               /* of the files alone when they were last compared */
	bool settled;                 /* whether that is sure to differ after the next change */
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
	    config->sliding_token_lifetime, config->sliding_token_refresh_lifetime,
	    config->oidc_issuer == NULL ? 0 : config->oidc_refresh_lifetime,
	    config->oidc_issuer == NULL ? 0 : config->oidc_id_token_lifetime};
	int64_t longest = 0;

	for (size_t i = 0; i < sizeof(lifetimes) / sizeof(*lifetimes); i++)
		longest = lifetimes[i] > longest ? lifetimes[i] : longest;
	return longest + config->leeway;
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

/* A key from a setting's text or its file; false with *why, a line in the arena. */
static bool
read_setting(struct arena *arena, const char *name, const char *text, const char *file,
    const struct key_load_options *options, struct keys *out, const char **why)
{
	if (text != NULL ? keyfile_parse(arena, bytes_of(text), options, out, NULL, why)
			 : keyfile_read(arena, file, options, out, why))
		return true;
	*why = text != NULL ? arena_printf(arena, "%s %s", name, *why)
			    : arena_printf(arena, "%s_FILE %s %s", name, file, *why);
	return false;
}

/* Whether there is a verifying key by itself; with a secret it is not looked at. */
static bool
has_public(const struct config *config)
{
	return algorithm_find(bytes_of(config->algorithm))->family != FAMILY_HMAC &&
	       (config->verifying_key != NULL || config->verifying_key_file != NULL);
}

static bool
read_public(struct arena *arena, const struct config *config, struct keys *out, const char **why)
{
	const struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of(config->algorithm))};

	return read_setting(arena, "JWT_VERIFYING_KEY", config->verifying_key,
	    config->verifying_key_file, &options, out, why);
}

static bool
read_pair(struct arena *arena, const struct config *config, enum keyring_duty duty,
    struct keys *out, const char **why)
{
	const struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of(config->algorithm)),
	    .signs = duty == KEYRING_SIGNS};
	struct keys public = {.count = 0};
	bool same = true;

	if (!read_setting(arena, "JWT_SIGNING_KEY", config->signing_key, config->signing_key_file,
		&options, out, why))
		return false;
	if (has_public(config)) {
		if (!read_public(arena, config, &public, why)) {
			keys_free(out);
			return false;
		}
		same = strcmp(public.keys[0]->id, out->keys[0]->id) == 0;
		keys_free(&public);
	}
	if (!same)
		*why = "JWT_VERIFYING_KEY is not the public half of JWT_SIGNING_KEY";
	else if (duty == KEYRING_SIGNS && !out->keys[0]->signs)
		*why = "JWT_SIGNING_KEY is a public key; tokens are signed with a private one";
	else
		return true;
	keys_free(out);
	return false;
}

/* Whether a single key of use is set. */
static bool
has_single(const struct config *config, enum keyring_duty duty)
{
	return config->signing_key != NULL || config->signing_key_file != NULL ||
	       (duty == KEYRING_VERIFIES && has_public(config));
}

static bool
read_single(struct arena *arena, const struct config *config, enum keyring_duty duty,
    struct keys *out, const char **why)
{
	bool verifies = duty == KEYRING_VERIFIES;

	if (!has_single(config, duty)) {
		bool pair =
		    algorithm_find(bytes_of(config->algorithm))->family != FAMILY_HMAC && verifies;

		*why = arena_printf(arena,
		    "no key: set JWT_KEY_DIR, JWT_SIGNING_KEY_FILE or JWT_SIGNING_KEY%s",
		    pair ? ", or JWT_VERIFYING_KEY_FILE" : "");
		return false;
	}
	return verifies && has_public(config) ? read_public(arena, config, out, why)
					      : read_pair(arena, config, duty, out, why);
}

/* Says so once, and again only after something else was said. */
static void
complain(struct keyring *keyring, const char *why, bool in_use)
{
	if (strncmp(why, keyring->complaint, sizeof(keyring->complaint) - 1) == 0)
		return;
	snprintf(keyring->complaint, sizeof(keyring->complaint), "%s", why);
	log_error("%s%s", why, in_use ? "; the keys in use stay" : "");
}

static struct ring *
read_folder(const struct keyring *keyring, struct arena *scratch, const char **why)
{
	const struct config *config = keyring->config;
	const struct ring_rules rules = {.signs = keyring->duty == KEYRING_SIGNS,
	    .usual = algorithm_find(bytes_of(config->algorithm)),
	    .longest = keyring_longest_lifetime(config)};
	struct ring *ring = ring_load(scratch, config->key_dir, &rules, why);

	if (ring == NULL)
		*why = arena_printf(scratch, "JWT_KEY_DIR: %s", *why);
	return ring;
}

/* Whether a key of that algorithm is in active/, or its public half, or a single one. */
static bool
is_active(const struct ring *ring, const char *algorithm)
{
	for (size_t i = 0; i < ring->count; i++)
		if (ring->keys[i].state == KEY_ACTIVE &&
		    strcmp(ring->keys[i].key->algorithm->name, algorithm) == 0)
			return true;
	return false;
}

/* The single key, beside the keys of a folder (NULL: there is none), which is freed on failure. */
static struct ring *
add_single(
    const struct keyring *keyring, struct arena *scratch, struct ring *folder, const char **why)
{
	struct keys keys;

	if (read_single(scratch, keyring->config, keyring->duty, &keys, why)) {
		if (folder == NULL)
			return ring_of(&keys);
		*why = ring_add_single(scratch, folder, &keys);
		if (*why == NULL)
			return folder;
	}
	ring_free(folder);
	return NULL;
}

static struct ring *
read_once(const struct keyring *keyring, struct arena *scratch, const char **why)
{
	const struct config *config = keyring->config;
	bool has_folder = config->key_dir != NULL;
	struct ring *ring = has_folder ? read_folder(keyring, scratch, why) : NULL;

	if (has_folder && ring == NULL)
		return NULL;
	if (!has_folder || has_single(config, keyring->duty))
		ring = add_single(keyring, scratch, ring, why);
	if (ring == NULL || config->oidc_issuer == NULL || is_active(ring, "RS256"))
		return ring;
	*why =
	    "JWT_OIDC_ISSUER needs an RSA key for RS256 in active/ of JWT_KEY_DIR; see jwtctl key "
	    "generate --algorithm RS256 --state active";
	ring_free(ring);
	return NULL;
}

/* Of the files of single keys: one stat(2) for each. */
static uint64_t
fingerprint_files(const struct keyring *keyring, int64_t *newest)
{
	return ring_fingerprint(keyring->watched[0], newest) * 31 +
	       ring_fingerprint(keyring->watched[1], newest);
}

/* Sets what keyring_ring() compares. */
static uint64_t
fingerprint(struct keyring *keyring, int64_t *newest)
{
	*newest = 0;
	keyring->files = fingerprint_files(keyring, newest);
	return ring_fingerprint(keyring->watched[FOLDER], newest) * 31 + keyring->files;
}

/* Reads the folder or the files; what changes while it is read is read again. */
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
		ring = read_once(keyring, scratch, why);
		keyring->fingerprint = fingerprint(keyring, &newest);
	}
	keyring->settled = keyring->fingerprint == before && clock_seconds() - newest >= SETTLED;
	return ring;
}

/* Whether the second ring would do anything that the first does not. */
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

/* The thumbprint of a single secret stands in no token and must not be in the log. */
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

/* Takes the keys into use as they are now. */
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

/* unsettled: also read again if a change may be hidden by the grain of a file's times. */
static void
look(struct keyring *keyring, bool unsettled)
{
	int64_t newest;

	if ((keyring->settled || !unsettled) && keyring->hang_ups == hang_ups &&
	    fingerprint(keyring, &newest) == keyring->fingerprint)
		return;
	keyring->hang_ups = hang_ups;
	reload(keyring);
}

static void
watch_paths(struct keyring *keyring)
{
	const struct config *config = keyring->config;
	bool public = has_public(config);

	keyring->watched[FOLDER] = config->key_dir;
	if (public)
		keyring->watched[0] = config->verifying_key_file;
	if (!public || keyring->duty == KEYRING_SIGNS)
		keyring->watched[1] = config->signing_key_file;
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
	watch_paths(keyring);
	reload(keyring);
	if (keyring->ring == NULL) {
		keyring_free(keyring);
		return NULL;
	}
	if (keyring->watched[0] == NULL && keyring->watched[1] == NULL &&
	    keyring->watched[FOLDER] == NULL)
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
 * A folder is compared once a second at the most: its keys say with their kid that they are new,
 * and sign only after that time. A single key does neither, so its file is compared at each use
 * (one stat(2)): a token that one worker has signed is valid for the next.
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
