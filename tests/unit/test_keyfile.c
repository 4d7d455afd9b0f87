#include "helpers.h"

#include "base/buffer.h"
#include "signing/keyfile.h"
#include "signing/pem.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define X256 "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y256 "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EDX  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define K    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define EC   "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\""

static const struct algorithm *
named(const char *name)
{
	return name == NULL ? NULL : algorithm_find(bytes_of(name));
}

/* What is no key for anybody, and the reason that people are told. */
static void
test_reasons(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
	    {"{\"kty\":\"oct\",\"k\":7}", "has no k in base64url"},
	    {"{\"kty\":\"oct\",\"k\":\"*\"}", "has no k in base64url"},
	    {"{\"kty\":\"oct\",\"k\":\"" K "\",\"alg\":7}", "says another alg"},
	    {"{\"kty\":\"oct\",\"k\":\"" K "\",\"use\":7}", "is not for signatures"},
	    {"{\"kty\":\"oct\",\"k\":\"" K "\",\"key_ops\":\"sign\"}", "is not for signatures"},
	    {"{\"kty\":\"oct\",\"k\":\"" K "\",\"key_ops\":[]}", "is not for signatures"},
	    {"{\"kty\":\"oct\",\"k\":\"" K "\",\"key_ops\":[1,\"encrypt\"]}",
		"is not for signatures"},
	    {"{\"kty\":\"what\"}", "do not make a key"},
	    {"{\"kty\":7}", "do not make a key"},
	    {"{\"kty\":\"RSA\",\"n\":\"AQAB\"}", "do not make a key"},
	    {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\",\"p\":\"AQAB\"}",
		"do not make a key"},
	    {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\",\"oth\":[]}",
		"do not make a key"},
	    {"{\"kty\":\"EC\"}", "do not make a key"},
	    {"{\"kty\":\"EC\",\"crv\":7}", "do not make a key"},
	    {"{\"kty\":\"EC\",\"crv\":\"P-192\"}", "do not make a key"},
	    {"{\"kty\":\"EC\",\"crv\":\"P-256\"}", "do not make a key"},
	    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\"}", "do not make a key"},
	    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"AQAB\"}",
		"do not make a key"},
	    {EC ",\"d\":7}", "do not make a key"},
	    {EC ",\"d\":\"AQAB\"}", "do not make a key"},
	    {EC ",\"d\":\"" K "\"}", "is damaged"},
	    {"{\"kty\":\"OKP\"}", "do not make a key"},
	    {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" EDX "\"}", "do not make a key"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "do not make a key"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAB\"}", "do not make a key"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" EDX "\",\"d\":7}",
		"do not make a key"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" EDX "\",\"d\":\"AQAB\"}",
		"do not make a key"},
	    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" EDX "\",\"d\":\"" K "\"}",
		"its private half belongs to another key"},
	    {"{\"keys\":[]}", "is a JWK Set without a key"},
	    {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ somebody", "is a key of SSH"},
	    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"is PEM, but no key"},
	    {"", "is a key of 0 bytes"},
	    {"{\"keys\":\"an object, and so a secret that is too short\"", "is a key of"},
	    {"{\"keys\":1}", "is a key of"},
	};
	struct key_load_options options = {.algorithm = NULL, .usual = NULL, .signs = true};
	const char *why;
	struct keys keys;

	(void)state;
	options.usual = named("HS512");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		why = "nothing";
		if (keyfile_parse(arena, bytes_of(rows[i].text), &options, &keys, NULL, &why))
			fail_msg("taken: %s", rows[i].text);
		if (strstr(why, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].text, why);
		assert_int_equal(keys.count, 0);
	}
	options.no_secret = true;
	assert_false(keyfile_parse(arena, bytes_of(K K K), &options, &keys, NULL, &why));
	assert_non_null(strstr(why, "is neither PEM nor a JWK"));
}

static const char *
odd_key(const char *type, const char *group)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, type, group);
	const char *text = pem_private(arena, pair);

	EVP_PKEY_free(pair);
	return text;
}

/* Keys that are sound and sign no tokens. */
static void
test_other_kinds(void **state)
{
	const char *texts[] = {odd_key("X25519", NULL), odd_key("EC", "brainpoolP256r1")};
	struct key_load_options options = {.signs = true};
	struct keys keys;
	const char *why;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		options.algorithm = NULL;
		assert_false(keyfile_parse(arena, bytes_of(texts[i]), &options, &keys, NULL, &why));
		assert_string_equal(why, "is a key of a kind that signs no tokens");
		options.algorithm = named("ES256");
		assert_false(keyfile_parse(arena, bytes_of(texts[i]), &options, &keys, NULL, &why));
		options.algorithm = named("EdDSA");
		assert_false(keyfile_parse(arena, bytes_of(texts[i]), &options, &keys, NULL, &why));
	}
}

/* Which algorithm a key gets that names none, beside what is usual. */
static void
test_usual_algorithm(void **state)
{
	static const struct {
		const char *key, *usual, *algorithm;
	} rows[] = {{"HS512", NULL, "HS256"}, {"HS512", "HS512", "HS512"},
	    {"HS512", "RS256", "HS256"}, {"RS256", NULL, "RS256"}, {"RS256", "RS512", "RS512"},
	    {"RS256", "PS384", "PS384"}, {"RS256", "ES256", "RS256"}, {"ES384", "ES256", "ES384"},
	    {"EdDSA", "HS256", "EdDSA"}};

	const char *text, *why = "";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct key_load_options options = {.usual = named(rows[i].usual), .signs = true};
		struct keys keys;

		if (strcmp(rows[i].key, "RS256") == 0)
			text = vector_text("rsa.pem").data;
		else
			text = keyfile_generate(arena, named(rows[i].key), 0, "Ed25519");
		if (!keyfile_parse(arena, bytes_of(text), &options, &keys, NULL, &why))
			fail_msg("%s, usually %s: %s", rows[i].key, rows[i].usual, why);
		assert_string_equal(keys.keys[0]->algorithm->name, rows[i].algorithm);
		keyfile_free(&keys);
	}
}

/* Of a set, at most so many; what of it cannot be used is passed over; whether it must be hidden.
 */
static void
test_sets(void **state)
{
	struct key_load_options options = {.signs = true};
	struct buffer text = {.arena = arena};
	const char *why;
	struct keys keys;
	bool secret;

	(void)state;
	buffer_puts(&text, "{\"keys\":[{\"kty\":\"what\"}");
	for (size_t i = 0; i < KEYS_MAXIMUM + 5; i++)
		buffer_puts(&text, "," EC ",\"kid\":7}");
	buffer_puts(&text, "]}");
	assert_true(keyfile_parse(arena, buffer_bytes(&text), &options, &keys, &secret, &why));
	assert_int_equal(keys.count, KEYS_MAXIMUM);
	assert_false(secret);
	keyfile_free(&keys);
	assert_true(keyfile_parse(arena,
	    bytes_of("{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K "\",\"kid\":\"one\"}," EC "}]}"),
	    &options, &keys, &secret, &why));
	assert_int_equal(keys.count, 2);
	assert_true(secret);
	assert_true(bytes_equal(keys.keys[0]->alias, "one"));
	keyfile_free(&keys);
}

/* A newline at the end is an editor's; what others can read is no secret, unless that is wanted. */
static void
test_files(void **state)
{
	char path[] = "/tmp/test_keyfile.XXXXXX";
	int descriptor = mkstemp(path);
	struct key_load_options options = {.algorithm = named("HS256")};
	struct keys keys;
	const char *why;

	(void)state;
	assert_true(descriptor >= 0);
	assert_false(keyfile_read(arena, path, &options, &keys, &why)); /* empty */
	assert_int_equal(write(descriptor, K "\n", strlen(K) + 1), strlen(K) + 1);
	assert_true(keyfile_read(arena, path, &options, &keys, &why));
	assert_int_equal(keys.keys[0]->bits, 8 * strlen(K));
	keyfile_free(&keys);
	assert_int_equal(fchmod(descriptor, 0644), 0);
	assert_false(keyfile_read(arena, path, &options, &keys, &why));
	assert_int_equal(keys.count, 0);
	options.any_mode = true;
	assert_true(keyfile_read(arena, path, &options, &keys, &why));
	keyfile_free(&keys);
	assert_int_equal(ftruncate(descriptor, 0), 0);
	assert_int_equal(pwrite(descriptor, EC "}", strlen(EC "}"), 0), strlen(EC "}"));
	options = (struct key_load_options){.any_mode = false};
	assert_true(keyfile_read(arena, path, &options, &keys, &why));
	keyfile_free(&keys);
	/* A public key is read by all, but who could write it could replace it. */
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fchmod(descriptor, i == 0 ? 0664 : 0646), 0);
		assert_false(keyfile_read(arena, path, &options, &keys, &why));
		assert_non_null(strstr(why, "is writable by others"));
		assert_int_equal(keys.count, 0);
	}
	options.any_mode = true;
	assert_true(keyfile_read(arena, path, &options, &keys, &why));
	keyfile_free(&keys);
	close(descriptor);
	unlink(path);
	assert_false(keyfile_read(arena, path, &options, &keys, &why));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_reasons, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_other_kinds, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_usual_algorithm, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_sets, arena_setup, arena_teardown),
	    cmocka_unit_test_setup_teardown(test_files, arena_setup, arena_teardown),
	};

	return cmocka_run_group_tests_name("keyfile", tests, NULL, NULL);
}
