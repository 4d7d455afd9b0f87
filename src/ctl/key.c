/*
 * jwtctl's subcommands for the folder of keys.
 */
#include "ctl/keydir.h"
#include "ctl/report.h"

#include "signing/keyfile.h"
#include "signing/pem.h"

#include <string.h>
#include <strings.h>
#include <time.h>

static const struct column key_columns[] = {{"kid", COLUMN_TEXT}, {"alg", COLUMN_TEXT},
    {"state", COLUMN_TEXT}, {"signs", COLUMN_BOOL}, {"since", COLUMN_TIME}, {"until", COLUMN_TIME},
    {"file", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};

/* Where the settings have a single key: the file, or the setting itself; NULL: nowhere. */
static const char *
single_key(const struct config *config)
{
	return config->signing_key != NULL ? "JWT_SIGNING_KEY" : config->signing_key_file;
}

/* The folder's key that signs. Beside a single key, that is the RSA key of OpenID Connect. */
static const struct key *
signer_of(const struct config *config, const struct ring *ring)
{
	if (single_key(config) == NULL)
		return ring_signer(ring, INT64_MAX);
	return config->oidc_issuer == NULL
		   ? NULL
		   : ring_signer_of(ring, algorithm_find(bytes_of("RS256")), INT64_MAX);
}

static void
report_key(struct report *report, const struct ring *ring, const struct ring_key *key)
{
	struct arena *arena = report->invocation->arena;
	const char *cells[] = {key->key->id, key->key->algorithm->name, ring_state_name(key->state),
	    key->key == signer_of(report->invocation->config, ring) ? "true" : "false",
	    report_number(arena, key->since),
	    key->until == 0 ? NULL : report_number(arena, key->until), key->file};

	report_add(report, cells);
}

static enum outcome
list(const struct invocation *invocation)
{
	const char *single = single_key(invocation->config);
	struct report report = report_new(invocation, key_columns);
	struct ring *ring = keydir_read(invocation);

	if (ring == NULL)
		return OUTCOME_UNDECIDED;
	if (single != NULL)
		report_add(&report, (const char *[]){NULL, invocation->config->algorithm, NULL,
					"true", NULL, NULL, single});
	for (int state = KEY_ACTIVE; state <= KEY_ACTIVE + 2; state++)
		for (size_t i = 0; i < ring->count; i++)
			if (ring->keys[i].state == (enum key_state)(state % 3))
				report_key(&report, ring, &ring->keys[i]);
	ring_free(ring);
	return report_list(&report);
}

static bool
read_state(const struct invocation *invocation, enum key_state *out)
{
	const char *state = command_or(invocation, "state", ring_state_name(KEY_NEXT));

	for (*out = KEY_NEXT; *out <= KEY_ACTIVE; (*out)++)
		if (strcmp(state, ring_state_name(*out)) == 0)
			return true;
	command_error(invocation, "--state takes next or active");
	return false;
}

/* The name of a new key's files: day, beginning of the kid, algorithm. */
static const char *
new_name(const struct invocation *invocation, const struct key *key)
{
	time_t now = invocation->now;
	struct tm utc;
	char day[16] = "key";

	if (gmtime_r(&now, &utc) != NULL)
		strftime(day, sizeof(day), "%Y%m%d", &utc);
	return arena_printf(invocation->arena, "%s-%.8s.%s", day, key->id, key->algorithm->name);
}

static bool
write_key(const struct invocation *invocation, enum key_state state, const char *text,
    const struct algorithm *algorithm)
{
	struct arena *arena = invocation->arena;
	struct report report = report_new(invocation, key_columns);
	struct key_load_options options = {.algorithm = algorithm, .signs = true};
	const char *why, *name;
	struct keys keys;
	struct ring made = {.count = 1};
	bool done;

	if (!keyfile_parse(arena, bytes_of(text), &options, &keys, NULL, &why)) {
		command_error(invocation, "the new key %s", why);
		return false;
	}
	name = new_name(invocation, keys.keys[0]);
	made.keys[0] =
	    (struct ring_key){.key = keys.keys[0], .state = state, .since = invocation->now};
	made.keys[0].file = arena_printf(arena, "%s/%s%s", ring_state_name(state), name,
	    keys.keys[0]->pair == NULL ? ".secret" : ".pem");
	/* The public half first, because readers expect it beside a private one. */
	done = keys.keys[0]->pair == NULL ||
	       keydir_write(invocation, state, arena_printf(arena, "%s.pub", name),
		   pem_public(arena, keys.keys[0]->pair), 0644);
	done = done &&
	       keydir_write(invocation, state, strrchr(made.keys[0].file, '/') + 1, text, 0600);
	if (done) {
		report_key(&report, &made, &made.keys[0]);
		report_one(&report);
	}
	keyfile_free(&keys);
	return done;
}

static enum outcome
generate_key(const struct invocation *invocation)
{
	const char *curve = command_or(invocation, "curve", "Ed25519");
	const struct algorithm *algorithm =
	    algorithm_find(bytes_of(command_or(invocation, "algorithm", "ES256")));
	enum key_state state;
	const char *text;
	long bits;

	if (algorithm == NULL ||
	    (strcasecmp(curve, "Ed25519") != 0 && strcasecmp(curve, "Ed448") != 0)) {
		command_error(invocation, "unknown algorithm or curve; see --help");
		return OUTCOME_UNDECIDED;
	}
	if (!read_state(invocation, &state) ||
	    !command_number(invocation, "bits", 2048, 8192, 2048, &bits) ||
	    !keydir_make(invocation))
		return OUTCOME_UNDECIDED;
	text = keyfile_generate(invocation->arena, algorithm, (int)bits, curve);
	if (text == NULL) {
		command_error(invocation, "OpenSSL failed");
		return OUTCOME_UNDECIDED;
	}
	return write_key(invocation, state, text, algorithm) ? OUTCOME_YES : OUTCOME_UNDECIDED;
}

/* How many other active keys can sign. */
static size_t
others_active(const struct ring *ring, const struct ring_key *key)
{
	size_t count = 0;

	for (size_t i = 0; i < ring->count; i++)
		count += ring->keys[i].state == KEY_ACTIVE && ring->keys[i].key->signs &&
			 &ring->keys[i] != key;
	return count;
}

/* Whether other services may still have a list of keys without this one in their caches. */
static bool
is_fresh(const struct invocation *invocation, const struct ring_key *key)
{
	return key->key->jwk != NULL &&
	       invocation->now - key->since < invocation->config->jwks_max_age;
}

static bool
retire_others(
    const struct invocation *invocation, const struct ring *ring, const struct ring_key *key)
{
	for (size_t i = 0; i < ring->count; i++)
		if (ring->keys[i].state == KEY_ACTIVE && &ring->keys[i] != key &&
		    !keydir_move(invocation, &ring->keys[i], KEY_RETIRED))
			return false;
	return true;
}

static enum outcome
activate_found(
    const struct invocation *invocation, const struct ring *ring, const struct ring_key *key)
{
	if (key->state == KEY_ACTIVE) {
		command_error(invocation, "it is active already");
		return OUTCOME_NO;
	}
	if (!key->key->signs) {
		command_error(invocation, "%s has no private half here", key->file);
		return OUTCOME_NO;
	}
	if (others_active(ring, key) > 0 && is_fresh(invocation, key) &&
	    command_value(invocation, "force") == NULL) {
		command_error(invocation,
		    "published %lld s ago, while others may keep the list of keys for %ld s "
		    "(JWT_JWKS_MAX_AGE): wait, or add --force",
		    (long long)(invocation->now - key->since), invocation->config->jwks_max_age);
		return OUTCOME_NO;
	}
	if (!keydir_move(invocation, key, KEY_ACTIVE))
		return OUTCOME_UNDECIDED;
	return command_value(invocation, "retire") == NULL || retire_others(invocation, ring, key)
		   ? OUTCOME_YES
		   : OUTCOME_UNDECIDED;
}

static enum outcome
retire_found(
    const struct invocation *invocation, const struct ring *ring, const struct ring_key *key)
{
	if (key->state == KEY_RETIRED) {
		command_error(invocation, "it is retired already");
		return OUTCOME_NO;
	}
	if (key->state == KEY_ACTIVE && others_active(ring, key) == 0) {
		command_error(
		    invocation, "it is the only one that signs: activate another one first");
		return OUTCOME_NO;
	}
	return keydir_move(invocation, key, KEY_RETIRED) ? OUTCOME_YES : OUTCOME_UNDECIDED;
}

/* Runs the action with the key that the command line names. */
static enum outcome
with_key(const struct invocation *invocation,
    enum outcome (*action)(const struct invocation *, const struct ring *, const struct ring_key *))
{
	struct ring *ring = keydir_read(invocation);
	const struct ring_key *key = ring == NULL ? NULL : keydir_find(invocation, ring);
	enum outcome outcome = key == NULL ? OUTCOME_UNDECIDED : action(invocation, ring, key);

	ring_free(ring);
	return outcome;
}

static enum outcome
activate(const struct invocation *invocation)
{
	return with_key(invocation, activate_found);
}

static enum outcome
retire(const struct invocation *invocation)
{
	return with_key(invocation, retire_found);
}

const struct command key_commands[] = {
    {
	.name = "key generate",
	.summary = "Generate a key, by default in the folder's next/",
	.examples =
	    "  jwtctl key generate --dir /etc/jwt-fcgi/keys --algorithm ES256 --state active\n"
	    "  jwtctl key generate --algorithm PS256 --bits 4096\n",
	.options = {{"dir", "DIR", "the folder of keys; default: JWT_KEY_DIR"},
	    {"algorithm", "ALG", "any of RFC 7518; default: ES256"},
	    {"state", "STATE", "next or active; default: next"},
	    {"bits", "BITS", "of an RSA key, 2048 to 8192; default: 2048"},
	    {"curve", "CURVE", "for EdDSA, Ed25519 or Ed448; default: Ed25519"}},
	.run = generate_key,
    },
    {
	.name = "key list",
	.summary = "Show the folder's keys, their states, and which one signs",
	.examples = "  jwtctl key list --dir /etc/jwt-fcgi/keys\n"
		    "  jwtctl key list --json | jq -r '.[] | select(.signs) | .kid'\n",
	.options = {{"dir", "DIR", "the folder of keys; default: JWT_KEY_DIR"}},
	.run = list,
    },
    {
	.name = "key activate",
	.arguments = "KEY",
	.summary = "Let a key sign: move its files to active/",
	.examples = "  jwtctl key activate 20261121-Zq1f3v2c\n"
		    "  jwtctl key activate --retire 20261121-Zq1f3v2c\n",
	.options = {{"dir", "DIR", "the folder of keys; default: JWT_KEY_DIR"},
	    {"retire", NULL, "also retire the keys that were active"},
	    {"force", NULL, "even if others may not have fetched the key yet"}},
	.run = activate,
    },
    {
	.name = "key retire",
	.arguments = "KEY",
	.summary = "Stop signing with a key; it verifies until its last token has expired",
	.examples = "  jwtctl key retire 20261121-Zq1f3v2c\n",
	.options = {{"dir", "DIR", "the folder of keys; default: JWT_KEY_DIR"}},
	.run = retire,
    },
    {.name = NULL},
};
