#include "helpers.h"

#include "base/b64url.h"
#include "base/clock.h"
#include "base/log.h"
#include "signing/jws.h"
#include "signing/keyfile.h"
#include "signing/pem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/test_keyring.XXXXXX";

/* The folder anew, with its three sub-folders. */
static int
setup(void **state)
{
	(void)state;
	arena = arena_new();
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	for (int i = KEY_NEXT; i <= KEY_RETIRED; i++)
		mkdir(
		    arena_printf(arena, "%s/%s", folder, ring_state_name((enum key_state)i)), 0755);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)!system(arena_printf(arena, "rm -rf %s", folder));
	arena_free(arena);
	return 0;
}

static const char *
path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", folder, name);
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	int descriptor = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(descriptor, mode), 0);
	close(descriptor);
}

static void
move(const char *from, const char *to)
{
	assert_int_equal(rename(path_of(from), path_of(to)), 0);
}

/* A new key; for RSA one of two, each in turn, because making one takes seconds under valgrind. */
static const char *
new_text(const char *algorithm)
{
	static unsigned asked;

	if (strcmp(algorithm, "RS256") == 0)
		return vector_text(asked++ % 2 == 0 ? "rsa.pem" : "rsa-other.pem").data;
	return keyfile_generate(arena, algorithm_find(bytes_of(algorithm)), 0, "Ed25519");
}

static const char *
public_text(const char *private)
{
	struct bytes text = bytes_of(private);
	const char *why, *public;
	EVP_PKEY *pair = pem_read(text, &why);

	assert_non_null(pair);
	public = pem_public(arena, pair);
	struct key *key = key_of_pair(arena, algorithm_find(bytes_of("ES256")), pair, false, &why);
	key_free(key);
	return public;
}

static struct config
config_of(void)
{
	return (struct config){.key_dir = folder,
	    .algorithm = "HS256",
	    .access_token_lifetime = 300,
	    .refresh_token_lifetime = 86400,
	    .sliding_token_lifetime = 300,
	    .sliding_token_refresh_lifetime = 86400};
}

static struct keyring *
load(enum keyring_duty duty)
{
	static struct config config;

	config = config_of();
	return keyring_load(&config, duty);
}

/* The folder as it is now; a keyring's ring is gone when it looks again, at any call of it. */
static struct ring *
load_ring(bool signs, const char **why)
{
	struct ring_rules rules = {.signs = signs, .longest = 86400};

	return ring_load(arena, folder, &rules, why);
}

/* Why the folder cannot be loaded; NULL if it can. */
static const char *
why_not(bool signs)
{
	const char *why;
	struct ring *ring = load_ring(signs, &why);

	if (ring == NULL)
		return why;
	ring_free(ring);
	return NULL;
}

static const struct ring_key *
key_in(const struct ring *ring, const char *file)
{
	for (size_t i = 0; i < ring->count; i++)
		if (strcmp(ring->keys[i].file, file) == 0)
			return &ring->keys[i];
	return NULL;
}

static bool
verifies(struct keyring *keyring, const char *token)
{
	struct bytes payload;

	return jws_verify(arena, keyring, clock_seconds(), bytes_of(token), &payload);
}

static const char *
header_of(const struct key *key)
{
	return arena_printf(arena, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
	    key->algorithm->name, key->id);
}

/* Moves it away and back until it came a second after the other: the clock of files is a coarse
 * one.
 */
static void
come_after(const char *name, const char *other)
{
	struct stat one, before;

	do {
		usleep(20000);
		move(name, "away");
		move("away", name);
		assert_int_equal(stat(path_of(name), &one), 0);
		assert_int_equal(stat(path_of(other), &before), 0);
	} while (one.st_ctim.tv_sec <= before.st_ctim.tv_sec);
}

static void
test_states(void **state)
{
	const struct ring_key *last, *retired;
	const struct key *before;
	const char *token, *why;
	struct keyring *keyring;
	struct bytes header;
	struct ring *ring;

	(void)state;
	write_file("next/a.pem", new_text("ES256"), 0600);
	write_file("active/b.pem", new_text("EdDSA"), 0600);
	write_file("retired/c.secret", new_text("HS256"), 0600);
	write_file("active/d.ES384.pem", new_text("ES384"), 0600);
	write_file("active/notes.txt", "no key", 0644);
	write_file("active/.d.pem.new", "half", 0644);
	come_after("active/b.pem", "active/d.ES384.pem");
	ring = load_ring(true, &why);
	assert_non_null(ring);
	assert_int_equal(ring->count, 4);
	assert_string_equal(key_in(ring, "active/d.ES384.pem")->key->algorithm->name, "ES384");
	assert_int_equal(key_in(ring, "next/a.pem")->until, 0);
	retired = key_in(ring, "retired/c.secret");
	assert_int_equal(retired->until, retired->since + 86400);
	/* The last one to come signs, but not before everybody had the time to see it. */
	last = key_in(ring, "active/b.pem");
	assert_ptr_equal(ring_signer(ring, last->since + 2), last->key);
	before = ring_signer(ring, last->since + 1);
	assert_string_equal(before->algorithm->name, "ES384");
	keyring = load(KEYRING_SIGNS);
	token = jws_sign(arena, keyring, clock_seconds(), bytes_of("{}"));
	assert_true(b64url_decode(arena, (struct bytes){token, strcspn(token, ".")}, &header));
	assert_true(
	    bytes_equal(header, header_of(before)) || bytes_equal(header, header_of(last->key)));
	assert_true(verifies(keyring, token));
	keyring_free(keyring);
	ring_free(ring);
}

/* Tokens of before, which name no key, find it by their algorithm. */
static void
test_tokens_without_kid(void **state)
{
	const char *secret = new_text("HS256");
	struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of("HS256")), .signs = true};
	struct keyring *before, *keyring;
	struct keys keys;
	const char *why, *token;

	(void)state;
	assert_true(keyfile_parse(arena, bytes_of(secret), &options, &keys, NULL, &why));
	before = keyring_of(ring_of(&keys));
	token = jws_sign(arena, before, clock_seconds(), bytes_of("{}"));
	assert_true(strncmp(token, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.", 37) == 0);
	write_file("active/a.pem", new_text("ES256"), 0600);
	write_file("retired/old.secret", secret, 0600);
	write_file("retired/older.secret", new_text("HS256"), 0600);
	keyring = load(KEYRING_SIGNS);
	assert_true(verifies(keyring, token));
	keyring_free(keyring);
	unlink(path_of("retired/old.secret"));
	keyring = load(KEYRING_SIGNS);
	assert_false(verifies(keyring, token));
	keyring_free(keyring);
	keyring_free(before);
}

/* A key that was retired for longer than a token can live verifies no more. */
static void
test_expiry(void **state)
{
	struct ring_key key = {.until = 1000};

	(void)state;
	assert_true(ring_key_verifies(&key, 999));
	assert_false(ring_key_verifies(&key, 1000));
	key.until = 0;
	assert_true(ring_key_verifies(&key, 1000));
}

static void
test_pairs(void **state)
{
	const char *private = new_text("ES256");
	struct keyring *keyring;

	(void)state;
	write_file("active/a.pem", private, 0600);
	write_file("active/a.pub", public_text(private), 0644);
	keyring = load(KEYRING_SIGNS);
	assert_non_null(keyring);
	assert_int_equal(keyring_ring(keyring)->count, 1);
	keyring_free(keyring);
	/* One half was moved, the other not yet. */
	move("active/a.pub", "retired/a.pub");
	assert_null(why_not(true));
	assert_null(why_not(false));
	/* Whoever only verifies reads no private key that has a public half. */
	write_file("active/a.pem", "unreadable", 0600);
	keyring = load(KEYRING_VERIFIES);
	assert_non_null(keyring);
	assert_false(keyring_ring(keyring)->keys[0].key->signs);
	keyring_free(keyring);
	assert_non_null(strstr(why_not(true), "active/a.pem"));
}

static void
test_refused(void **state)
{
	const char *private = new_text("ES256");

	(void)state;
	assert_non_null(strstr(why_not(false), "has no keys"));
	write_file("next/a.pem", private, 0600);
	assert_null(why_not(false));
	assert_non_null(strstr(why_not(true), "active has no key that can sign"));
	write_file("active/a.pem", private, 0644);
	assert_non_null(strstr(why_not(true), "active/a.pem is readable by others (mode 0644)"));
	write_file("active/a.pem", private, 0600);
	assert_non_null(strstr(why_not(true), "are the same key"));
	unlink(path_of("next/a.pem"));
	assert_null(why_not(true));
	write_file("active/a.pub", private, 0600);
	assert_non_null(strstr(why_not(true), "is private; .pub is for public keys"));
	unlink(path_of("active/a.pub"));
	write_file("next/b.ES384.pem", new_text("ES256"), 0600);
	assert_non_null(strstr(why_not(true), "next/b.ES384.pem is not on the curve P-384"));
	unlink(path_of("next/b.ES384.pem"));
	write_file("next/c.secret", "short", 0600);
	assert_non_null(strstr(why_not(true), "next/c.secret is a key of 5 bytes"));
	unlink(path_of("next/c.secret"));
	/* A public key in a form that is not read must not become an HMAC key. */
	write_file("next/d.crt", "0\202 as long as a certificate in DER would be, or nearly", 0600);
	assert_non_null(strstr(why_not(true), "next/d.crt is neither PEM nor a JWK"));
	unlink(path_of("next/d.crt"));
	write_file(
	    "next/d.json", "\357\273\277{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\"}]}", 0600);
	assert_non_null(strstr(why_not(true), "next/d.json is neither PEM nor a JWK"));
}

/* As an editor or a copy over a slow line would: first half of it, then all. */
static void
test_reload(void **state)
{
	const char *second = new_text("ES256"), *first_token, *token;
	struct keyring *worker, *other;
	const struct ring *ring;

	(void)state;
	write_file("active/a.pem", new_text("ES256"), 0600);
	worker = load(KEYRING_SIGNS);
	other = load(KEYRING_SIGNS);
	first_token = jws_sign(arena, worker, clock_seconds(), bytes_of("{}"));
	write_file("active/b.pem", arena_copy(arena, second, strlen(second) / 2), 0600);
	raise(SIGHUP);
	token = jws_sign(arena, worker, clock_seconds(), bytes_of("{}"));
	assert_int_equal(keyring_ring(worker)->count, 1);
	assert_true(verifies(other, token));
	write_file("active/b.pem", second, 0600);
	raise(SIGHUP);
	token = jws_sign(arena, worker, clock_seconds(), bytes_of("{}"));
	assert_int_equal(keyring_ring(worker)->count, 2);
	assert_true(verifies(other, token) && verifies(other, first_token));
	ring = keyring_ring(worker);
	assert_ptr_equal(ring_signer(ring, time(NULL) + 5), key_in(ring, "active/b.pem")->key);
	/* Everything gone: what is in use stays. */
	move("active/a.pem", "a.pem");
	move("active/b.pem", "b.pem");
	raise(SIGHUP);
	assert_int_equal(keyring_ring(worker)->count, 2);
	keyring_free(worker);
	keyring_free(other);
}

/* A token of a key that this worker has not seen yet makes it look without waiting. */
static void
test_unknown_kid(void **state)
{
	struct keyring *worker, *other;
	const char *token;

	(void)state;
	write_file("active/a.pem", new_text("ES256"), 0600);
	worker = load(KEYRING_VERIFIES);
	unlink(path_of("active/a.pem"));
	write_file("active/b.pem", new_text("ES256"), 0600);
	other = load(KEYRING_SIGNS);
	token = jws_sign(arena, other, clock_seconds(), bytes_of("{}"));
	assert_true(verifies(worker, token));
	keyring_free(worker);
	keyring_free(other);
}

/* The folder is read again without a difference: what was freed then must not be looked at. */
static void
test_unknown_kid_changes_nothing(void **state)
{
	static const char stranger[] = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im5vYm9keSJ9.e30.AAAA";
	struct keyring *worker;

	(void)state;
	write_file("active/a.pem", new_text("ES256"), 0600);
	worker = load(KEYRING_VERIFIES);
	for (int i = 0; i < 3; i++)
		assert_false(verifies(worker, stranger));
	keyring_free(worker);
}

static void
test_single(void **state)
{
	struct config config = config_of();
	struct keyring *keyring;

	(void)state;
	config.key_dir = NULL;
	assert_null(keyring_load(&config, KEYRING_SIGNS));
	config.signing_key = "a key of the tests, as long as it must be";
	keyring = keyring_load(&config, KEYRING_SIGNS);
	assert_non_null(keyring);
	assert_string_equal(jws_sign(arena, keyring, clock_seconds(), bytes_of("{}")),
	    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.2Y5d0Y1mu5nGqFGATTGBZ-HF6siRAAgAN1CAk7yzAwY");
	keyring_free(keyring);
	config.algorithm = "ES256";
	assert_null(keyring_load(&config, KEYRING_SIGNS));
	config.signing_key = new_text("ES256");
	config.verifying_key = public_text(config.signing_key);
	keyring = keyring_load(&config, KEYRING_SIGNS);
	assert_non_null(keyring);
	keyring_free(keyring);
	config.signing_key = new_text("ES256");
	assert_null(keyring_load(&config, KEYRING_SIGNS));
	/* Enough for those that only verify, whatever the other half is. */
	config.signing_key = NULL;
	keyring = keyring_load(&config, KEYRING_VERIFIES);
	assert_non_null(keyring);
	keyring_free(keyring);
	assert_null(keyring_load(&config, KEYRING_SIGNS));
}

#define ISSUER "https://login.example.org"

static const struct algorithm *
algorithm(const char *name)
{
	return algorithm_find(bytes_of(name));
}

/* Of each algorithm its newest key signs, and no sooner than all workers have read it. */
static void
test_signer_of_an_algorithm(void **state)
{
	const struct ring_key *rsa, *curve, *last;
	struct ring *ring;
	const char *why;

	(void)state;
	write_file("active/a.pem", new_text("RS256"), 0600);
	write_file("active/b.pem", new_text("ES256"), 0600);
	write_file("active/c.pem", new_text("RS256"), 0600);
	write_file("next/d.ES384.pem", new_text("ES384"), 0600);
	come_after("active/b.pem", "active/a.pem");
	come_after("active/c.pem", "active/b.pem");
	ring = load_ring(true, &why);
	rsa = key_in(ring, "active/a.pem");
	curve = key_in(ring, "active/b.pem");
	last = key_in(ring, "active/c.pem");
	assert_ptr_equal(ring_signer_of(ring, algorithm("RS256"), last->since + 1), rsa->key);
	assert_ptr_equal(ring_signer_of(ring, algorithm("RS256"), last->since + 2), last->key);
	assert_ptr_equal(ring_signer_of(ring, algorithm("ES256"), last->since), curve->key);
	assert_ptr_equal(ring_signer_of(ring, NULL, last->since + 1), curve->key);
	assert_ptr_equal(ring_signer(ring, last->since + 1), curve->key);
	assert_ptr_equal(ring_signer(ring, last->since + 2), last->key);
	assert_null(ring_signer_of(ring, algorithm("ES384"), INT64_MAX));
	assert_null(ring_signer_of(ring, algorithm("RS512"), INT64_MAX));
	ring_free(ring);
	/* From retired/ too, if it was moved there when the next one came. */
	move("active/a.pem", "retired/a.pem");
	come_after("active/c.pem", "active/b.pem");
	ring = load_ring(true, &why);
	rsa = key_in(ring, "retired/a.pem");
	last = key_in(ring, "active/c.pem");
	assert_true(last->since - rsa->since <= 2);
	assert_ptr_equal(ring_signer_of(ring, algorithm("RS256"), last->since + 1), rsa->key);
	assert_ptr_equal(ring_signer_of(ring, algorithm("RS256"), last->since + 2), last->key);
	ring_free(ring);
}

/* A token of another typ has the same key and kid, and verifies. */
static void
test_signed_with_a_key(void **state)
{
	const struct key *key;
	struct keyring *keyring;
	struct bytes header;
	const char *token;

	(void)state;
	write_file("active/a.pem", new_text("ES256"), 0600);
	write_file("active/b.pem", new_text("RS256"), 0600);
	keyring = load(KEYRING_SIGNS);
	key = ring_signer_of(keyring_ring(keyring), algorithm("RS256"), clock_seconds());
	token = jws_sign_with(arena, key, "at+jwt", bytes_of("{}"));
	assert_true(b64url_decode(arena, (struct bytes){token, strcspn(token, ".")}, &header));
	assert_string_equal(arena_printf(arena, "%.*s", (int)header.length, header.data),
	    arena_printf(arena, "{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", key->id));
	assert_true(verifies(keyring, token));
	assert_true(verifies(keyring, jws_sign_with(arena, key, "JWT", bytes_of("{}"))));
	assert_null(jws_sign_with(arena, NULL, "JWT", bytes_of("{}")));
	keyring_free(keyring);
	keyring = load(KEYRING_VERIFIES);
	assert_true(verifies(keyring, token));
	assert_null(
	    jws_sign_with(arena, keyring_ring(keyring)->keys[0].key, "JWT", bytes_of("{}")));
	keyring_free(keyring);
}

/* The single key signs as it does alone, and the folder's keys are there for the rest. */
static void
test_single_beside_a_folder(void **state)
{
	struct config alone = config_of(), config = config_of();
	struct keyring *before, *signer, *worker;
	const char *token, *other;
	const struct key *rsa;

	(void)state;
	alone.key_dir = NULL;
	alone.signing_key_file = config.signing_key_file = path_of("key");
	config.oidc_issuer = ISSUER;
	write_file("key", "one secret of the tests, as long as it must be", 0600);
	write_file("active/a.pem", new_text("RS256"), 0600);
	write_file("active/b.secret", new_text("HS256"), 0600);
	write_file("retired/c.secret", new_text("HS256"), 0600);
	come_after("active/b.secret", "active/a.pem");
	before = keyring_load(&alone, KEYRING_SIGNS);
	signer = keyring_load(&config, KEYRING_SIGNS);
	worker = keyring_load(&config, KEYRING_VERIFIES);
	token = jws_sign(arena, before, clock_seconds(), bytes_of("{}"));
	assert_string_equal(jws_sign(arena, signer, clock_seconds(), bytes_of("{}")), token);
	assert_true(verifies(signer, token) && verifies(worker, token));
	rsa = ring_signer_of(keyring_ring(signer), algorithm("RS256"), clock_seconds());
	assert_true(verifies(worker, jws_sign_with(arena, rsa, "at+jwt", bytes_of("{}"))));
	for (size_t i = 0; i < keyring_ring(worker)->count; i++)
		assert_true((keyring_ring(worker)->keys[i].key->jwk == NULL) ==
			    (keyring_ring(worker)->keys[i].key->hmac != NULL));
	/* Another file is used at once, by those that sign and those that verify. */
	write_file("new", "another secret of the tests, as long as it must be", 0600);
	move("new", "key");
	other = jws_sign(arena, signer, clock_seconds(), bytes_of("{}"));
	assert_string_not_equal(other, token);
	assert_true(verifies(worker, other) && !verifies(worker, token));
	/* A broken one never. */
	write_file("key", "half", 0600);
	assert_true(verifies(worker, other));
	keyring_free(before);
	keyring_free(signer);
	keyring_free(worker);
}

/* The same key twice, a pair whose halves differ, or a file that cannot be read. */
static void
test_single_beside_a_folder_refused(void **state)
{
	const char *private = new_text("RS256");
	struct config config = config_of();

	(void)state;
	write_file("active/a.pem", private, 0600);
	config.oidc_issuer = ISSUER;
	config.algorithm = "RS256";
	config.signing_key = private;
	assert_null(keyring_load(&config, KEYRING_SIGNS));
	config.signing_key = new_text("RS256");
	config.verifying_key = public_text(private);
	assert_null(keyring_load(&config, KEYRING_SIGNS));
	config.verifying_key = NULL;
	config.signing_key = NULL;
	config.signing_key_file = path_of("is not there");
	assert_null(keyring_load(&config, KEYRING_SIGNS));
	config.signing_key_file = NULL;
	keyring_free(keyring_load(&config, KEYRING_SIGNS));
}

static bool
loads(const struct config *config)
{
	struct keyring *signer = keyring_load(config, KEYRING_SIGNS);
	struct keyring *worker = keyring_load(config, KEYRING_VERIFIES);
	bool both = signer != NULL && worker != NULL, one = signer != NULL || worker != NULL;

	keyring_free(signer);
	keyring_free(worker);
	assert_int_equal(both, one);
	return both;
}

/* RS256 is mandatory (OpenID Connect Core section 15.1), for programs that verify too. */
static void
test_an_issuer_needs_an_rsa_key(void **state)
{
	struct config config = config_of();
	const char *private = new_text("RS256");
	struct keyring *keyring;

	(void)state;
	config.oidc_issuer = ISSUER;
	write_file("active/a.secret", new_text("HS256"), 0600);
	write_file("active/b.pem", new_text("ES256"), 0600);
	write_file("next/c.pem", private, 0600);
	write_file("next/c.pub", public_text(private), 0644);
	assert_false(loads(&config));
	move("next/c.pub", "active/c.pub");
	move("next/c.pem", "active/c.pem");
	assert_true(loads(&config));
	move("active/c.pem", "active/c.PS256.pem");
	move("active/c.pub", "active/c.PS256.pub");
	assert_false(loads(&config));
	move("active/c.PS256.pem", "active/c.pem");
	move("active/c.PS256.pub", "active/c.pub");
	/* When it goes away, the keys in use stay. */
	keyring = keyring_load(&config, KEYRING_SIGNS);
	move("active/c.pem", "retired/c.pem");
	move("active/c.pub", "retired/c.pub");
	raise(SIGHUP);
	assert_non_null(ring_signer_of(keyring_ring(keyring), algorithm("RS256"), INT64_MAX));
	keyring_free(keyring);
	assert_false(loads(&config));
	/* A single key: a pair will do, a secret will not. */
	config.key_dir = NULL;
	config.signing_key = "a key of the tests, as long as it must be";
	assert_false(loads(&config));
	config.algorithm = "RS256";
	config.signing_key = private;
	assert_true(loads(&config));
}

static void
test_longest_lifetime(void **state)
{
	struct config config = config_of();

	(void)state;
	config.oidc_refresh_lifetime = 100000;
	assert_int_equal(keyring_longest_lifetime(&config), 86400);
	config.oidc_issuer = ISSUER;
	assert_int_equal(keyring_longest_lifetime(&config), 100000);
	config.oidc_id_token_lifetime = 200000;
	assert_int_equal(keyring_longest_lifetime(&config), 200000);
}

/* Another file in the place of a single key is used at once, and a broken one never. */
static void
test_single_file_replaced(void **state)
{
	struct config config = config_of();
	const char *first, *second;
	struct keyring *worker, *other;

	(void)state;
	config.key_dir = NULL;
	config.signing_key_file = path_of("key");
	write_file("key", "one secret of the tests, as long as it must be", 0600);
	worker = keyring_load(&config, KEYRING_SIGNS);
	assert_non_null(worker);
	first = jws_sign(arena, worker, clock_seconds(), bytes_of("{}"));
	assert_true(verifies(worker, first));
	write_file("new", "another secret of the tests, as long as it must be", 0600);
	move("new", "key");
	other = keyring_load(&config, KEYRING_SIGNS); /* started again */
	second = jws_sign(arena, other, clock_seconds(), bytes_of("{}"));
	assert_true(verifies(worker, second));
	assert_false(verifies(worker, first));
	assert_string_equal(jws_sign(arena, worker, clock_seconds(), bytes_of("{}")), second);
	for (size_t i = 0; i < 3; i++) {
		write_file("key", i == 0 ? "half" : "as long as it must be, but for all to read",
		    i == 1 ? 0644 : 0600);
		if (i == 2)
			unlink(path_of("key"));
		assert_true(verifies(worker, second));
	}
	write_file("key", "one secret of the tests, as long as it must be", 0600);
	assert_true(verifies(worker, first));
	keyring_free(worker);
	keyring_free(other);
}

/* Who reads the public half alone looks at its file, and never opens that of the private one. */
static void
test_public_file_replaced(void **state)
{
	const char *private = new_text("ES256"), *other = new_text("ES256");
	struct config config = config_of(), signs = config_of();
	struct keyring *signer, *worker;

	(void)state;
	config.key_dir = signs.key_dir = NULL;
	config.algorithm = signs.algorithm = "ES256";
	config.signing_key_file = path_of("is not there");
	config.verifying_key_file = path_of("public");
	write_file("public", public_text(other), 0644);
	signs.signing_key = private;
	signer = keyring_load(&signs, KEYRING_SIGNS);
	worker = keyring_load(&config, KEYRING_VERIFIES);
	assert_false(verifies(worker, jws_sign(arena, signer, clock_seconds(), bytes_of("{}"))));
	write_file("public.new", public_text(private), 0644);
	move("public.new", "public");
	assert_true(verifies(worker, jws_sign(arena, signer, clock_seconds(), bytes_of("{}"))));
	assert_null(keyring_watched(worker)[1]);
	keyring_free(signer);
	keyring_free(worker);
}

/* A folder, or a public key in it, that others can write is no folder of keys. */
static void
test_others_can_write(void **state)
{
	static const char *const names[] = {"", "active", "next", "active/a.pub"};
	const char *private = new_text("ES256"), *why;
	struct ring *ring;

	(void)state;
	write_file("active/a.pem", private, 0600);
	write_file("active/a.pub", public_text(private), 0644);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		mode_t good = i == 3 ? 0644 : 0755;

		assert_int_equal(chmod(path_of(names[i]), good | 0020), 0);
		assert_null(load_ring(false, &why));
		assert_non_null(strstr(why, names[i]));
		assert_non_null(strstr(why, "is writable by others"));
		assert_int_equal(chmod(path_of(names[i]), good), 0);
		ring = load_ring(false, &why);
		assert_non_null(ring);
		ring_free(ring);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_states, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tokens_without_kid, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_pairs, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_unknown_kid, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_unknown_kid_changes_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_single, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_signer_of_an_algorithm, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_signed_with_a_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_single_beside_a_folder, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_single_beside_a_folder_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_an_issuer_needs_an_rsa_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_longest_lifetime, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_single_file_replaced, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_public_file_replaced, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_others_can_write, setup, teardown),
	};

	log_open("test_keyring");
	return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
