#include "helpers.h"

#include "base/b64url.h"
#include "base/clock.h"
#include "signing/jwk.h"
#include "signing/jws.h"
#include "signing/keyfile.h"
#include "signing/pem.h"
#include "json/json.h"

#include <string.h>

static struct bytes
encoded(const char *text)
{
	struct buffer out = {.arena = arena};

	buffer_puts(&out, "");
	b64url_encode(&out, bytes_of(text));
	return buffer_bytes(&out);
}

/* A ring of the key in a text, for one algorithm; NULL if it is refused. */
static struct keyring *
ring_from(struct bytes text, const char *algorithm, bool signs)
{
	struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of(algorithm)), .signs = signs};
	struct keys keys;
	const char *why = NULL;

	if (keyfile_parse(arena, text, &options, &keys, NULL, &why))
		return keyring_of(ring_of(&keys));
	assert_non_null(why);
	return NULL;
}

static bool
verifies(struct keyring *keyring, const char *token)
{
	struct bytes payload;

	return jws_verify(arena, keyring, clock_seconds(), bytes_of(token), &payload);
}

static struct bytes
key_text(struct json_object *keys, struct bytes name)
{
	struct json_object *key = json_member(keys, arena_copy(arena, name.data, name.length));
	struct json_object *secret = json_member(key, "oct");
	struct bytes bytes;

	if (secret == NULL)
		return json_string(json_member(key, "pem"));
	assert_true(b64url_decode(arena, json_string(secret), &bytes));
	return bytes;
}

/* tests/vectors/jws.json: RFC 7515 A and E, RFC 8037 A.4, Wycheproof. */
static void
test_vectors(void **state)
{
	struct json_object *all, *keys, *vectors;
	struct bytes name = {0}, algorithm = {0};
	struct keyring *keyring = NULL;
	int count = 0, wrong = 0;

	(void)state;
	assert_true(json_parse(arena, vector_text("jws.json"), JSON_STRICT, &all, NULL));
	keys = json_member(all, "keys");
	vectors = json_member(all, "vectors");
	for (size_t i = 0; i < json_count(vectors); i++) {
		struct json_object *vector = json_element(vectors, i);
		struct bytes token = json_string(json_member(vector, "token")), payload;
		struct bytes of = json_string(json_member(vector, "key"));
		struct bytes asked = json_string(json_member(vector, "alg"));
		bool valid;

		/* Most have the key of the one before. */
		if (!bytes_equal(name, of.data) || !bytes_equal(algorithm, asked.data)) {
			keyring_free(keyring);
			keyring = ring_from(key_text(keys, of), asked.data, false);
			assert_non_null(keyring);
			name = of;
			algorithm = asked;
		}
		valid = jws_verify(arena, keyring, clock_seconds(), token, &payload);
		if (valid != json_is_true(json_member(vector, "valid"))) {
			print_message("# %s: %s\n", json_string(json_member(vector, "id")).data,
			    valid ? "accepted" : "refused");
			wrong++;
		}
		if (!valid)
			assert_non_null(jws_fault(arena, keyring, clock_seconds(), token));
		count++;
	}
	keyring_free(keyring);
	assert_int_equal(wrong, 0);
	assert_int_equal(count, 239);
}

/* A key of each kind, as text. */
static const char *
new_key(const struct algorithm *algorithm)
{
	if (algorithm->family != FAMILY_RSA && algorithm->family != FAMILY_PSS)
		return keyfile_generate(arena, algorithm, 0, "Ed25519");
	return vector_text("rsa.pem").data;
}

/* Every algorithm signs; its public half alone verifies; every changed bit is seen. */
static void
test_every_algorithm(void **state)
{
	(void)state;
	for (const struct algorithm *one = algorithms; one->name != NULL; one++) {
		struct bytes text = bytes_of(new_key(one));
		struct keyring *signer = ring_from(text, one->name, true);
		struct keyring *verifier = ring_from(text, one->name, false);
		const char *token = jws_sign(arena, signer, clock_seconds(), bytes_of("{\"a\":1}"));
		size_t length = strlen(token);
		struct bytes payload;

		assert_true(
		    jws_verify(arena, verifier, clock_seconds(), bytes_of(token), &payload));
		assert_true(bytes_equal(payload, "{\"a\":1}"));
		assert_true(verifies(signer, token));
		assert_true(one->family == FAMILY_HMAC ||
			    jws_sign(arena, verifier, clock_seconds(), bytes_of("{}")) == NULL);
		for (size_t i = 0; i < length; i += 1 + length / 8) {
			char *changed = arena_copy(arena, token, length);

			changed[i] = changed[i] == 'A' ? 'B' : 'A';
			assert_false(verifies(verifier, changed));
		}
		assert_false(verifies(verifier, arena_copy(arena, token, length - 1)));
		assert_false(verifies(verifier, arena_printf(arena, "%sAAAA", token)));
		assert_false(verifies(verifier, arena_printf(arena, "%s.", token)));
		keyring_free(signer);
		keyring_free(verifier);
	}
}

/*
 * Algorithm confusion: a key of each kind with each algorithm asked of it either fits or is refused
 * when it is loaded, and a token says another alg than its key's in vain.
 */
static void
test_confusion(void **state)
{
	(void)state;
	for (const struct algorithm *made = algorithms; made->name != NULL; made++) {
		struct bytes text = bytes_of(new_key(made));
		struct keyring *keyring = ring_from(text, made->name, true);
		const char *token = jws_sign(arena, keyring, clock_seconds(), bytes_of("{}"));
		const char *rest = strchr(token, '.');

		for (const struct algorithm *asked = algorithms; asked->name != NULL; asked++) {
			struct keyring *other = ring_from(text, asked->name, false);
			struct bytes header =
			    encoded(arena_printf(arena, "{\"alg\":\"%s\"}", asked->name));
			bool rsa = made->family == FAMILY_RSA || made->family == FAMILY_PSS;
			bool fits =
			    made == asked ||
			    (made->family == FAMILY_HMAC && asked->family == FAMILY_HMAC) ||
			    (rsa && (asked->family == FAMILY_RSA || asked->family == FAMILY_PSS));

			assert_int_equal(other != NULL, fits);
			if (other != NULL && made != asked)
				assert_false(verifies(other, token));
			assert_false(made != asked && verifies(keyring, arena_printf(arena, "%s%s",
									    header.data, rest)));
			keyring_free(other);
		}
		keyring_free(keyring);
	}
}

/* The public key's text as an HMAC secret (CVE-2022-29217): such a secret is never loaded. */
static void
test_public_key_as_secret(void **state)
{
	const struct algorithm *rsa = algorithm_find(bytes_of("RS256"));
	struct key_load_options options = {.algorithm = rsa};
	struct keys keys;
	const char *why, *public;

	(void)state;
	assert_true(keyfile_parse(arena, bytes_of(new_key(rsa)), &options, &keys, NULL, &why));
	public = pem_public(arena, keys.keys[0]->pair);
	assert_null(ring_from(bytes_of(public), "HS256", false));
	assert_null(ring_from(bytes_of(keys.keys[0]->jwk), "HS256", false));
	assert_null(ring_from(
	    bytes_of("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1kVZ8hXvVd6tN0Yh5uXl1qR7m8h2"), "HS256",
	    false));
	keyfile_free(&keys);
}

/* Headers that a token of ours could have, and those that none may have. */
static void
test_headers(void **state)
{
	static const struct {
		const char *header;
		bool good;
	} rows[] = {
	    {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", true},
	    {"{\"typ\":\"JWT\",\"alg\":\"HS256\"}", true},
	    {"{\"alg\":\"HS256\"}", true},
	    {" { \"alg\" : \"HS256\" } ", true},
	    {"{\"alg\":\"HS256\",\"kid\":\"anything; '--\"}", true},
	    {"{\"alg\":\"HS256\",\"kid\":\"../../../etc/passwd\"}", true},
	    {"{\"alg\":\"HS256\",\"jku\":\"http://127.0.0.1:1/\",\"x5u\":\"file:///\",\"jwk\":{},"
	     "\"x5c\":[]}",
		true},
	    {"{\"alg\":\"HS256\",\"b64\":true}", true},
	    {"{\"alg\":\"HS256\",\"b64\":false}", false},
	    {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", false},
	    {"{\"alg\":\"HS256\",\"crit\":[]}", false},
	    {"{\"alg\":\"HS256\",\"crit\":null}", false},
	    {"{\"alg\":\"HS256\",\"kid\":1}", false},
	    {"{\"alg\":\"HS256\",\"kid\":null}", false},
	    {"{\"alg\":\"HS256\",\"alg\":\"HS256\"}", false},
	    {"{\"alg\":\"none\"}", false},
	    {"{\"alg\":\"hs256\"}", false},
	    {"{\"alg\":\"HS256\\u0000\"}", false},
	    {"{\"alg\":[\"HS256\"]}", false},
	    {"{\"alg\":null}", false},
	    {"{\"typ\":\"JWT\"}", false},
	    {"{}", false},
	    {"[\"HS256\"]", false},
	    {"\"HS256\"", false},
	    {"", false},
	    {"{\"alg\":\"HS256\"}x", false},
	    {"{\"alg\":\"HS256\",}", false},
	    {"\xef\xbb\xbf{\"alg\":\"HS256\"}", false},
	    {"{\"alg\":\"HS256\",\"x\":\"\xff\"}", false},
	};
	const char *secret = "a secret of thirty-two bytes....";
	struct keyring *keyring = ring_from(bytes_of(secret), "HS256", true);
	const struct key *key = keyring_ring(keyring)->keys[0].key;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bytes header = encoded(rows[i].header);
		const char *input = arena_printf(arena, "%s.e30", header.data);
		struct buffer token = {.arena = arena};
		unsigned char tag[SIGNATURE_MAXIMUM];
		size_t length;

		assert_true(key_sign(key, bytes_of(input), tag, &length));
		buffer_printf(&token, "%s.", input);
		b64url_encode(&token, (struct bytes){(char *)tag, length});
		if (verifies(keyring, token.data) != rows[i].good)
			fail_msg("header %s", rows[i].header);
	}
	keyring_free(keyring);
}

/* r and s of 0, of n and beyond, too short, too long, and DER in place of both. */
static void
test_ecdsa_edges(void **state)
{
	static const char n[] = "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
				"\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";
	static const char zero[32],
	    one[32] = {[31] = 1},
	    high[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	const char *halves[] = {zero, one, n, high};
	struct keyring *keyring =
	    ring_from(bytes_of(new_key(algorithm_find(bytes_of("ES256")))), "ES256", true);
	const struct key *key = keyring_ring(keyring)->keys[0].key;
	unsigned char good[SIGNATURE_MAXIMUM], der[80] = {0x30, 0x44, 0x02, 0x20};
	struct bytes input = bytes_of("a.b");
	size_t length;

	(void)state;
	for (size_t r = 0; r < 4; r++)
		for (size_t s = 0; s < 4; s++) {
			char signature[64];

			memcpy(signature, halves[r], 32);
			memcpy(signature + 32, halves[s], 32);
			assert_false(key_verify(key, input, (struct bytes){signature, 64}));
		}
	assert_true(key_sign(key, input, good, &length));
	assert_int_equal(length, 64);
	assert_true(key_verify(key, input, (struct bytes){(char *)good, 64}));
	for (length = 0; length < 64; length++)
		assert_false(key_verify(key, input, (struct bytes){(char *)good, length}));
	assert_false(key_verify(key, input, (struct bytes){(char *)good, 65}));
	memcpy(der + 4, good, 32);
	der[36] = 0x02;
	der[37] = 0x20;
	memcpy(der + 38, good + 32, 32);
	assert_false(key_verify(key, input, (struct bytes){(char *)der, 70}));
	keyring_free(keyring);
}

/* The token of RFC 7515 A.1 is made of its parts again, and RFC 8037 A.4's signature too. */
static void
test_signatures_of_the_standards(void **state)
{
	struct keyring *edwards =
	    ring_from(bytes_of("{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
			       "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
			       "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"),
		"EdDSA", true);
	struct buffer out = {.arena = arena};
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length;

	(void)state;
	assert_true(key_sign(ring_signer(keyring_ring(edwards), INT64_MAX),
	    bytes_of("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"), signature,
	    &length));
	b64url_encode(&out, (struct bytes){(char *)signature, length});
	assert_string_equal(out.data,
	    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg"
	    "5BhVsPt9g7sVvpAr_MuM0KAg");
	keyring_free(edwards);
}

/* RFC 7638 section 3.1, RFC 8037 A.3. */
static void
test_thumbprints(void **state)
{
	static const struct {
		const char *jwk, *algorithm, *thumbprint;
	} rows[] = {
	    {"{\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT8"
	     "6zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lq"
	     "t7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
	     "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-"
	     "csFCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
		"RS256", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"EdDSA", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct keyring *keyring =
		    ring_from(bytes_of(rows[i].jwk), rows[i].algorithm, false);

		assert_non_null(keyring);
		assert_string_equal(keyring_ring(keyring)->keys[0].key->id, rows[i].thumbprint);
		keyring_free(keyring);
	}
}

/* Keys that must not be loaded. */
static void
test_refused_keys(void **state)
{
	static const struct {
		const char *text, *algorithm;
	} rows[] = {
	    {"a secret of thirty-one bytes...", "HS256"},
	    {"a secret of forty-seven bytes....................", "HS512"},
	    {"", "HS256"},
	    {"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "ES256"},
	    {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
		"RS256"},
	    {"{\"kty\":\"oct\",\"k\":\"\"}", "HS256"},
	    {"{\"kty\":\"oct\"}", "HS256"},
	    {"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}", "HS256"},
	    {"{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"use\":\"enc\"}",
		"HS256"},
	    {"{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"alg\":\"none\"}",
		"HS256"},
	    {"{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"key_ops\":"
	     "[\"encrypt\"]}",
		"HS256"},
	    {"{\"keys\":[]}", "ES256"},
	    {"{\"keys\":[1,\"a\",{},null]}", "ES256"},
	    /* not on the curve; a coordinate too short; of another curve */
	    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}",
		"ES256"},
	    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"ES256"},
	    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"ES384"},
	    /* private and public halves that do not belong together */
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B\","
	     "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"EdDSA"},
	    {"-----BEGIN PRIVATE KEY-----\n"
	     "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgfS3MMOpxP0udZ8IeJy7Y\n"
	     "rn5uicGCEdHqKREVd99rC3GhRANCAARkP5isYJ1/R4HsETJe3OMGWn66sSEgAz93\n"
	     "yDbcLEEs63KczasyCXyc+4AEa4mqXgHbYzOLk8ozuJY2Wp4Vs1Sf\n"
	     "-----END PRIVATE KEY-----\n",
		"ES256K"},
	    /* an exponent that signs nothing: every signature would be right */
	    {"-----BEGIN RSA PUBLIC KEY-----\n"
	     "MIIBCAKCAQEAy9QRhwrhK55PM38VEw5E40ShFxIKxzCkhP+oAj8azjvc+skJjmct\n"
	     "vTnyDRiIu16io9mgg4suUKEffZtQUGZQWxkmrl8wJMI4OT/w51rU1s1ypzIoEEqM\n"
	     "v6zj4jk/346uc3dZOpbsbXerZ3jgkYJc6SnJb/tDs1rsJNWcMINM3y15SiN95oeZ\n"
	     "5ZKsbwZjBFTZjIqIyHc1gTzFxT6gjrR4Ut3FSirW0EMlP5K8p5JOAWQdtpwIod1N\n"
	     "luOGW9H/0VYedS/IHyNrs8BzmifzDmT9wn3izgkKXIFCiaNL31XlWxG4NBDIZWlE\n"
	     "qsVDbNh8aTnhohe0e81tvjzwInSZj17JmwIBAQ==\n"
	     "-----END RSA PUBLIC KEY-----\n",
		"RS256"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (ring_from(bytes_of(rows[i].text), rows[i].algorithm, true) != NULL)
			fail_msg("taken: %s", rows[i].text);
}

static void
test_weak_rsa(void **state)
{
	(void)state;
	assert_null(ring_from(vector_text("rsa-1024.pub"), "RS256", true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_vectors, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_every_algorithm, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_confusion, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_public_key_as_secret, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_headers, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_ecdsa_edges, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(
		test_signatures_of_the_standards, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_thumbprints, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_refused_keys, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_weak_rsa, arena_setup, arena_teardown),
	};

	return cmocka_run_group_tests_name("jws", tests, NULL, NULL);
}
