#include "helpers.h"

#include "base/b64url.h"
#include "base/crypto.h"
#include "signing/jwk.h"
#include "signing/keyfile.h"
#include "signing/pem.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define EDGE 60

/*
 * OpenSSL fails at one moment, at each in turn: nothing that is made then is wrong, nothing is
 * accepted that is not signed, nothing leaks, and what was there before works on. It fails for want
 * of memory, where the programs would end (base/crypto.h): what else it may fail for looks
 * alike.
 */
static bool watching;
static size_t asked, refused_at;

static bool
is_refused(void)
{
	return watching && ++asked == refused_at;
}

static void *
allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_refused() ? NULL : malloc(size);
}

static void *
reallocate(void *memory, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_refused() ? NULL : realloc(memory, size);
}

static void
release(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

static const struct bytes input = {"header.payload", 14};

/* A key in all its forms, and what it has signed. */
struct sample {
	const char *algorithm;
	const char *private, *public, *private_jwk, *public_jwk;
	struct key *key;
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length;
};

static struct sample samples[] = {{.algorithm = "HS256"}, {.algorithm = "RS256"},
    {.algorithm = "PS256"}, {.algorithm = "ES256"}, {.algorithm = "EdDSA"}};

static struct key *
read_key(struct sample *sample, const char *text)
{
	struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of(sample->algorithm)), .signs = true};
	const char *why;
	struct keys keys;

	return keyfile_parse(arena, bytes_of(text), &options, &keys, NULL, &why) ? keys.keys[0]
										 : NULL;
}

static bool
is_signature(struct sample *sample, const struct key *key)
{
	return key_verify(key, input, (struct bytes){(char *)sample->signature, sample->length});
}

/* A key that could be read is whole. */
static bool
reads(struct sample *sample, const char *text)
{
	struct key *key = read_key(sample, text);

	watching = false;
	if (key == NULL)
		return false;
	assert_true(is_signature(sample, key));
	assert_string_equal(key->id, sample->key->id);
	key_free(key);
	return true;
}

static bool
reads_private(struct sample *sample)
{
	return reads(sample, sample->private);
}

static bool
reads_public(struct sample *sample)
{
	return reads(sample, sample->public);
}

static bool
reads_private_jwk(struct sample *sample)
{
	return reads(sample, sample->private_jwk);
}

static bool
reads_public_jwk(struct sample *sample)
{
	return reads(sample, sample->public_jwk);
}

static bool
signs(struct sample *sample)
{
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length;
	bool done = key_sign(sample->key, input, signature, &length);

	watching = false;
	assert_true(
	    !done || key_verify(sample->key, input, (struct bytes){(char *)signature, length}));
	return done;
}

static bool
verifies(struct sample *sample)
{
	return is_signature(sample, sample->key);
}

static bool
refuses(struct sample *sample)
{
	struct bytes other = {"header.another", 14};

	assert_false(key_verify(
	    sample->key, other, (struct bytes){(char *)sample->signature, sample->length}));
	return true;
}

static bool
writes(struct sample *sample)
{
	const char *private = pem_private(arena, sample->key->pair);
	const char *public = pem_public(arena, sample->key->pair);

	if (private != NULL)
		assert_string_equal(private, sample->private);
	if (public != NULL)
		assert_string_equal(public, sample->public);
	return private != NULL && public != NULL;
}

static bool
generates(struct sample *sample)
{
	const char *text =
	    keyfile_generate(arena, algorithm_find(bytes_of(sample->algorithm)), 2048, "Ed25519");
	struct key *key;

	watching = false;
	if (text == NULL)
		return false;
	key = read_key(sample, text);
	assert_non_null(key);
	key_free(key);
	return true;
}

static bool
takes_ids(struct sample *sample)
{
	unsigned char ids[40][CRYPTO_ID_BYTES];

	(void)sample;
	for (size_t i = 0; i < 40; i++) {
		if (!crypto_random(ids[i], sizeof(ids[i])))
			return false;
		assert_true(i == 0 || memcmp(ids[i], ids[i - 1], CRYPTO_ID_BYTES) != 0);
	}
	return true;
}

static bool
run(bool (*works)(struct sample *), struct sample *sample, size_t moment)
{
	bool done;

	asked = 0;
	refused_at = moment;
	watching = true;
	done = works(sample);
	watching = false;
	return done;
}

/* What we call ourselves is at the edges; of the thousands of moments between, one in a while. */
static void
at_each_moment(bool (*works)(struct sample *), struct sample *sample)
{
	size_t count;

	assert_true(run(works, sample, 0));
	count = asked;
	for (size_t moment = 1; moment <= count;
	     moment += moment < EDGE || moment + EDGE >= count ? 1 : 37)
		run(works, sample, moment);
	assert_true(run(works, sample, 0));
}

static void
test_keys_are_read(void **state)
{
	(void)state;
	for (struct sample *sample = samples + 1; sample < samples + 5; sample++) {
		at_each_moment(reads_private, sample);
		at_each_moment(reads_public, sample);
		at_each_moment(reads_private_jwk, sample);
		at_each_moment(reads_public_jwk, sample);
	}
	at_each_moment(reads_private, samples);
}

static void
test_tokens_are_signed(void **state)
{
	(void)state;
	for (struct sample *sample = samples; sample < samples + 5; sample++) {
		at_each_moment(signs, sample);
		at_each_moment(verifies, sample);
		at_each_moment(refuses, sample);
	}
}

static void
test_keys_are_made(void **state)
{
	(void)state;
	at_each_moment(generates, &samples[0]);
	at_each_moment(generates, &samples[3]);
	at_each_moment(generates, &samples[4]);
	for (struct sample *sample = samples + 1; sample < samples + 5; sample++)
		at_each_moment(writes, sample);
	at_each_moment(takes_ids, samples);
}

/* A private member of a pair, as it stands in a JWK. */
static const char *
member(struct sample *sample, const char *name, const char *parameter)
{
	struct buffer text = {.arena = arena};
	unsigned char bytes[512];
	size_t length = sizeof(bytes);
	BIGNUM *number = NULL;

	if (EVP_PKEY_get_bn_param(sample->key->pair, parameter, &number) == 1) {
		length = sample->key->algorithm->length;
		length = length > 0 ? length : (size_t)BN_num_bytes(number);
		assert_int_equal(BN_bn2binpad(number, bytes, (int)length), length);
		BN_free(number);
	} else {
		assert_int_equal(
		    EVP_PKEY_get_raw_private_key(sample->key->pair, bytes, &length), 1);
	}
	buffer_printf(&text, ",\"%s\":\"", name);
	b64url_encode(&text, (struct bytes){(char *)bytes, length});
	buffer_puts(&text, "\"");
	return text.data;
}

static const char *
private_members(struct sample *sample)
{
	if (!EVP_PKEY_is_a(sample->key->pair, "RSA"))
		return member(sample, "d", OSSL_PKEY_PARAM_PRIV_KEY);
	return arena_printf(arena, "%s%s%s%s%s%s", member(sample, "d", OSSL_PKEY_PARAM_RSA_D),
	    member(sample, "p", OSSL_PKEY_PARAM_RSA_FACTOR1),
	    member(sample, "q", OSSL_PKEY_PARAM_RSA_FACTOR2),
	    member(sample, "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1),
	    member(sample, "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2),
	    member(sample, "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1));
}

static int
setup(void **state)
{
	(void)state;
	arena = arena_new();
	for (struct sample *sample = samples; sample < samples + 5; sample++) {
		sample->private = keyfile_generate(
		    arena, algorithm_find(bytes_of(sample->algorithm)), 2048, "Ed25519");
		sample->key = read_key(sample, sample->private);
		if (sample->key == NULL ||
		    !key_sign(sample->key, input, sample->signature, &sample->length))
			return -1;
		if (sample->key->pair == NULL)
			continue;
		sample->public = pem_public(arena, sample->key->pair);
		sample->public_jwk = sample->key->jwk;
		sample->private_jwk = arena_printf(arena, "%.*s%s}",
		    (int)strlen(sample->key->jwk) - 1, sample->key->jwk, private_members(sample));
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (struct sample *sample = samples; sample < samples + 5; sample++)
		key_free(sample->key);
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys_are_read),
	    cmocka_unit_test(test_tokens_are_signed), cmocka_unit_test(test_keys_are_made)};

	if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
