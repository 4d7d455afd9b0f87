#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static struct bytes
repeated(struct arena *arena, char byte, size_t count)
{
	return (struct bytes){memset(arena_alloc(arena, count), byte, count), count};
}

static void
assert_tag(size_t size, struct bytes secret, struct bytes input, const char *hex)
{
	struct crypto_hmac hmac;
	unsigned char tag[CRYPTO_HMAC_MAXIMUM];
	char text[2 * CRYPTO_HMAC_MAXIMUM + 1] = "";
	size_t length;

	crypto_hmac_begin(&hmac, size, secret);
	for (int again = 0; again < 2; again++) {
		length = crypto_hmac_tag(&hmac, input, tag);
		for (size_t i = 0; i < length; i++)
			snprintf(text + 2 * i, 3, "%02x", tag[i]);
		assert_string_equal(text, hex);
	}
}

/* RFC 4231 sections 4.2, 4.3 and 4.8: a short secret, one of text, one longer than any block. */
static void
test_published(void **state)
{
	struct arena *arena = arena_new();
	struct bytes what = bytes_of("what do ya want for nothing?");
	struct bytes longer = bytes_of(
	    "This is a test using a larger than block-size key and a larger than block-size data. "
	    "The key needs to be hashed before being used by the HMAC algorithm.");

	(void)state;
	assert_tag(32, repeated(arena, 0x0b, 20), bytes_of("Hi There"),
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_tag(32, bytes_of("Jefe"), what,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_tag(48, bytes_of("Jefe"), what,
	    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	    "8e2240ca5e69e2c78b3239ecfab21649");
	assert_tag(64, bytes_of("Jefe"), what,
	    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
	assert_tag(32, repeated(arena, (char)0xaa, 131), longer,
	    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
	assert_tag(64, repeated(arena, (char)0xaa, 131), longer,
	    "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
	    "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58");
	arena_free(arena);
}

/* At every length of secret and input around the blocks of the hashes, what OpenSSL's HMAC says. */
static void
test_as_openssl(void **state)
{
	static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};
	unsigned char bytes[300], tag[CRYPTO_HMAC_MAXIMUM], expected[CRYPTO_HMAC_MAXIMUM];
	unsigned expected_length;
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7);
	for (size_t i = 0; i < 3; i++)
		for (size_t size = 1; size < 290; size++) {
			struct bytes secret = {(char *)bytes, size};
			struct bytes input = {(char *)bytes + 1, 290 - size};
			struct crypto_hmac hmac;

			crypto_hmac_begin(&hmac, 32 + 16 * i, secret);
			length = crypto_hmac_tag(&hmac, input, tag);
			assert_non_null(HMAC(EVP_get_digestbyname(digests[i]), secret.data,
			    (int)size, bytes + 1, input.length, expected, &expected_length));
			assert_int_equal(length, expected_length);
			assert_memory_equal(tag, expected, length);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_published), cmocka_unit_test(test_as_openssl)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
