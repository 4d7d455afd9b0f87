#include "helpers.h"

#include "base/clock.h"
#include "signing/claims.h"
#include "signing/jws.h"

#include <string.h>

#define NOW 1700000000

static struct keyring *keyring;
static struct config config;
static struct claims_context context;

static struct keyring *
ring_from(const char *text)
{
	struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of("HS256")), .signs = true};
	struct keys keys;
	const char *why;

	assert_true(keyfile_parse(arena, bytes_of(text), &options, &keys, NULL, &why));
	return keyring_of(ring_of(&keys));
}

static int
setup(void **state)
{
	(void)state;
	arena = arena_new();
	keyring = ring_from("a key of the tests, as long as it must be");
	config = (struct config){.token_type_claim = "token_type",
	    .user_id_claim = "user_id",
	    .jti_claim = "jti",
	    .sliding_token_refresh_exp_claim = "refresh_exp",
	    .access_token_lifetime = 300,
	    .refresh_token_lifetime = 86400,
	    .sliding_token_lifetime = 200,
	    .sliding_token_refresh_lifetime = 1000,
	    .compat = COMPAT_HEAD};
	context = (struct claims_context){
	    .arena = arena, .config = &config, .keyring = keyring, .now = NOW};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	keyring_free(keyring);
	arena_free(arena);
	return 0;
}

/* What is said of a token with that payload and a good signature. */
static enum claims_fault
judge(const char *payload)
{
	struct json_object *claims;

	return claims_read(&context,
	    bytes_of(jws_sign(arena, keyring, clock_seconds(), bytes_of(payload))), &claims);
}

/* The token of RFC 7519 section 3.1 and RFC 7515 A.1, with the key of there. */
static void
test_the_standard(void **state)
{
	static const char token[] =
	    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAs"
	    "DQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1"
	    "gFWFOEjXk";
	struct json_object *claims;

	(void)state;
	keyring_free(keyring);
	keyring = ring_from("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
			    "1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}");
	context.keyring = keyring;
	context.now = 1300819379;
	assert_int_equal(claims_read(&context, bytes_of(token), &claims), CLAIMS_GOOD);
	assert_true(json_is_true(json_member(claims, "http://example.com/is_root")));
	context.now = 1300819380;
	assert_int_equal(claims_read(&context, bytes_of(token), &claims), CLAIMS_EXPIRED);
	config.leeway = 1;
	assert_int_equal(claims_read(&context, bytes_of(token), &claims), CLAIMS_GOOD);
}

struct row {
	const char *payload;
	enum claims_fault fault;
};

static void
test_times(void **state)
{
	static const struct row rows[] = {
	    {"{}", CLAIMS_GOOD},
	    {"{\"exp\":1700000001}", CLAIMS_GOOD},
	    {"{\"exp\":1700000000}", CLAIMS_EXPIRED},
	    {"{\"exp\":1700000000.9}", CLAIMS_EXPIRED},
	    {"{\"exp\":1.700000001e9}", CLAIMS_GOOD},
	    {"{\"exp\":-1}", CLAIMS_EXPIRED},
	    {"{\"exp\":\"1700000001\"}", CLAIMS_INVALID},
	    {"{\"exp\":null}", CLAIMS_INVALID},
	    {"{\"exp\":1e400}", CLAIMS_INVALID},
	    {"{\"exp\":253402300800}", CLAIMS_INVALID},
	    {"{\"exp\":18446744073709551617}", CLAIMS_INVALID},
	    {"{\"nbf\":1700000000}", CLAIMS_GOOD},
	    {"{\"nbf\":1700000001}", CLAIMS_INVALID},
	    {"{\"iat\":1700000001}", CLAIMS_INVALID},
	    {"{\"iat\":[]}", CLAIMS_INVALID},
	    {"{\"exp\":1700000001,\"exp\":1700000002}", CLAIMS_INVALID},
	    {"{\"sub\":1}", CLAIMS_INVALID},
	    {"{\"jti\":1}", CLAIMS_INVALID},
	    {"[]", CLAIMS_INVALID},
	    {"", CLAIMS_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (judge(rows[i].payload) != rows[i].fault)
			fail_msg("%s: %d", rows[i].payload, (int)judge(rows[i].payload));
}

static void
test_issuer_and_audience(void **state)
{
	static const struct row rows[] = {
	    {"{\"iss\":\"i\",\"aud\":\"a\"}", CLAIMS_GOOD},
	    {"{\"iss\":\"i\",\"aud\":[\"b\",\"a\"]}", CLAIMS_GOOD},
	    {"{\"iss\":\"i\",\"aud\":[\"a\",1]}", CLAIMS_INVALID},
	    {"{\"iss\":\"i\",\"aud\":[]}", CLAIMS_INVALID},
	    {"{\"iss\":\"i\",\"aud\":\"ab\"}", CLAIMS_INVALID},
	    {"{\"iss\":\"i\"}", CLAIMS_INVALID},
	    {"{\"aud\":\"a\"}", CLAIMS_INVALID},
	    {"{\"iss\":\"j\",\"aud\":\"a\"}", CLAIMS_INVALID},
	};

	(void)state;
	config.issuer = "i";
	config.audience = "a";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(judge(rows[i].payload), rows[i].fault);
}

/* The order of SimpleJWT's claims, their times, and an id that is never the same. */
static void
test_new(void **state)
{
	static const char *const names[] = {"token_type", "exp", "iat", "jti", "refresh_exp"};
	struct json_object *claims = claims_new(&context, TOKEN_SLIDING);
	struct json_entry claim = json_first(claims);
	const char *last = claims_jti(&context, claims);
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < 5; i++, json_next(&claim))
		assert_string_equal(claim.name, names[i]);
	assert_null(claim.name);
	assert_true(claims_time(claims, "exp", &seconds) && seconds == NOW + 200);
	assert_true(claims_time(claims, "refresh_exp", &seconds) && seconds == NOW + 1000);
	assert_int_equal(claims_check(&context, claims, TOKEN_SLIDING), CLAIMS_GOOD);
	assert_int_equal(claims_check(&context, claims, TOKEN_ACCESS), CLAIMS_WRONG_TYPE);
	for (int i = 0; i < 200; i++) {
		const char *jti = claims_jti(&context, claims_new(&context, TOKEN_ACCESS));

		assert_int_equal(strlen(jti), 32);
		assert_int_equal(strspn(jti, "0123456789abcdef"), 32);
		assert_string_not_equal(jti, last);
		last = jti;
	}
}

/* An access token has everything of its refresh token but what is its own. */
static void
test_access(void **state)
{
	struct json_object *refresh = claims_new(&context, TOKEN_REFRESH), *access;

	(void)state;
	json_put_integer(refresh, "user_id", 7);
	json_put_text(refresh, "extra", "x");
	access = claims_access(&context, refresh);
	assert_true(json_is(json_member(access, "token_type"), "access"));
	assert_true(bytes_equal(json_text(arena, json_member(access, "user_id")), "7"));
	assert_true(json_is(json_member(access, "extra"), "x"));
	assert_string_not_equal(claims_jti(&context, access), claims_jti(&context, refresh));
	assert_int_equal(claims_check(&context, access, TOKEN_ACCESS), CLAIMS_GOOD);
}

/* With sessions it expires no later either. */
static void
test_access_of_session(void **state)
{
	static const struct {
		bool sessions;
		int64_t refresh, access;
	} rows[] = {{false, 10, 300}, {true, 10, 10}, {true, 299, 299}, {true, 301, 300}};
	struct json_object *refresh = claims_new(&context, TOKEN_REFRESH);
	int64_t exp;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		config.sessions = rows[i].sessions;
		json_put_integer(refresh, "exp", NOW + rows[i].refresh);
		assert_true(claims_time(claims_access(&context, refresh), "exp", &exp));
		assert_int_equal(exp, NOW + rows[i].access);
	}
}

static void
test_users(void **state)
{
	static const struct {
		const char *claims;
		enum claims_user user;
	} rows[] = {
	    {"{}", CLAIMS_USER_NONE},
	    {"{\"user_id\":0}", CLAIMS_USER_FALSE},
	    {"{\"user_id\":\"\"}", CLAIMS_USER_FALSE},
	    {"{\"user_id\":null}", CLAIMS_USER_FALSE},
	    {"{\"user_id\":[1]}", CLAIMS_USER_OTHER},
	    {"{\"user_id\":\"7\"}", CLAIMS_USER},
	    {"{\"user_id\":7}", CLAIMS_USER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_object *claims;
		const char *user = NULL;

		assert_true(
		    json_parse(arena, bytes_of(rows[i].claims), JSON_STRICT, &claims, NULL));
		assert_int_equal(claims_user(&context, claims, &user), rows[i].user);
		if (rows[i].user == CLAIMS_USER)
			assert_string_equal(user, "7");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_the_standard, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_times, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_issuer_and_audience, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_new, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_access, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_access_of_session, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_users, setup, teardown),
	};

	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
