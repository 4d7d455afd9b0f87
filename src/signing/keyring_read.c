/*
 * Reads the keys that the settings name.
 */
#include "signing/keyring.h"

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

static const struct algorithm *
algorithm_of(const struct config *config)
{
	return algorithm_find(bytes_of(config->algorithm));
}

/* Whether a separate verifying key is set; HMAC ignores it. */
static bool
has_public(const struct config *config)
{
	return algorithm_of(config)->family != FAMILY_HMAC &&
	       (config->verifying_key != NULL || config->verifying_key_file != NULL);
}

/* Whether a single key is set that the program can use. */
static bool
has_single(const struct config *config, enum keyring_duty duty)
{
	return config->signing_key != NULL || config->signing_key_file != NULL ||
	       (duty == KEYRING_VERIFIES && has_public(config));
}

/* A key from a setting or from the file it names; false with *why, a line in the arena. */
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

static bool
read_public(struct arena *arena, const struct config *config, struct keys *out, const char **why)
{
	return read_setting(arena, "JWT_VERIFYING_KEY", config->verifying_key,
	    config->verifying_key_file,
	    &(struct key_load_options){.algorithm = algorithm_of(config)}, out, why);
}

/* NULL, or what is wrong with a key of JWT_SIGNING_KEY. */
static const char *
judge_pair(
    struct arena *arena, const struct config *config, enum keyring_duty duty, const struct key *key)
{
	struct keys public;
	const char *why;
	bool same = true;

	if (has_public(config)) {
		if (!read_public(arena, config, &public, &why))
			return why;
		same = strcmp(public.keys[0]->id, key->id) == 0;
		keyfile_free(&public);
	}
	if (!same)
		return "JWT_VERIFYING_KEY is not the public half of JWT_SIGNING_KEY";
	if (duty == KEYRING_SIGNS && !key->signs)
		return "JWT_SIGNING_KEY is a public key; tokens are signed with a private one";
	return NULL;
}

static bool
read_pair(struct arena *arena, const struct config *config, enum keyring_duty duty,
    struct keys *out, const char **why)
{
	const struct key_load_options options = {
	    .algorithm = algorithm_of(config), .signs = duty == KEYRING_SIGNS};

	if (!read_setting(arena, "JWT_SIGNING_KEY", config->signing_key, config->signing_key_file,
		&options, out, why))
		return false;
	*why = judge_pair(arena, config, duty, out->keys[0]);
	if (*why == NULL)
		return true;
	keyfile_free(out);
	return false;
}

static bool
read_single(struct arena *arena, const struct config *config, enum keyring_duty duty,
    struct keys *out, const char **why)
{
	bool verifies = duty == KEYRING_VERIFIES;

	if (has_single(config, duty))
		return verifies && has_public(config) ? read_public(arena, config, out, why)
						      : read_pair(arena, config, duty, out, why);
	*why = arena_printf(arena,
	    "no key: set JWT_KEY_DIR, JWT_SIGNING_KEY_FILE or JWT_SIGNING_KEY%s",
	    verifies && algorithm_of(config)->family != FAMILY_HMAC ? ", or JWT_VERIFYING_KEY_FILE"
								    : "");
	return false;
}

static struct ring *
read_folder(
    struct arena *arena, const struct config *config, enum keyring_duty duty, const char **why)
{
	const struct ring_rules rules = {.signs = duty == KEYRING_SIGNS,
	    .usual = algorithm_of(config),
	    .longest = keyring_longest_lifetime(config)};
	struct ring *ring = ring_load(arena, config->key_dir, &rules, why);

	if (ring == NULL)
		*why = arena_printf(arena, "JWT_KEY_DIR: %s", *why);
	return ring;
}

/* Whether a key of that algorithm is active: in active/, or single. */
static bool
is_active(const struct ring *ring, const char *algorithm)
{
	for (size_t i = 0; i < ring->count; i++)
		if (ring->keys[i].state == KEY_ACTIVE &&
		    strcmp(ring->keys[i].key->algorithm->name, algorithm) == 0)
			return true;
	return false;
}

/* Adds the single key to the ring of a folder, which it frees on failure (NULL: to a new ring). */
static struct ring *
add_single(struct arena *arena, const struct config *config, enum keyring_duty duty,
    struct ring *folder, const char **why)
{
	struct keys keys;

	if (read_single(arena, config, duty, &keys, why)) {
		if (folder == NULL)
			return ring_of(&keys);
		*why = ring_add_single(arena, folder, &keys);
		if (*why == NULL)
			return folder;
	}
	ring_free(folder);
	return NULL;
}

struct ring *
keyring_read(
    struct arena *arena, const struct config *config, enum keyring_duty duty, const char **why)
{
	struct ring *ring = NULL;

	if (config->key_dir != NULL) {
		ring = read_folder(arena, config, duty, why);
		if (ring == NULL)
			return NULL;
	}
	if (ring == NULL || has_single(config, duty))
		ring = add_single(arena, config, duty, ring, why);
	if (ring == NULL || config->oidc_issuer == NULL || is_active(ring, "RS256"))
		return ring;
	*why =
	    "JWT_OIDC_ISSUER needs an RSA key for RS256 in active/ of JWT_KEY_DIR; see jwtctl key "
	    "generate --algorithm RS256 --state active";
	ring_free(ring);
	return NULL;
}

void
keyring_paths(
    const struct config *config, enum keyring_duty duty, const char *paths[KEYRING_WATCHED])
{
	bool public = has_public(config);

	paths[KEYRING_FOLDER] = config->key_dir;
	if (public)
		paths[0] = config->verifying_key_file;
	if (!public || duty == KEYRING_SIGNS)
		paths[1] = config->signing_key_file;
}
