/* Authorization requests as far as they need no database: tables of each parameter, and of what
 * comes next. */
#include "oidc/authorization.h"
#include "oidc/redirect_uri.h"
#include "oidc/scopes.h"

#include "helpers.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))
#define CHALLENGE   "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static const struct {
	const char *registered, *uri;
	bool exact, native; /* whether it matches, for a native application too */
} uris[] = {
    {"https://a.example/cb", "https://a.example/cb", true, true},
    {"https://a.example/cb?dummy1=lorem&dummy2=ipsum",
	"https://a.example/cb?dummy1=lorem&dummy2=ipsum", true, true},
    {"https://a.example/cb", "https://a.example/cb/", false, false},
    {"https://a.example/cb", "https://a.example/cb?x=1", false, false},
    {"https://a.example/cb", "https://a.example/CB", false, false},
    {"https://a.example/cb", "https://A.example/cb", false, false},
    {"https://a.example/cb", "https://a.example/c%62", false, false},
    {"https://a.example/cb", "https://a.example:443/cb", false, false},
    {"https://a.example/cb", "https://a.example/cb#f", false, false},
    {"https://a.example/cb", "https://a.example/cb\r\nX: y", false, false},
    {"https://a.example/cb", "https://a.example/cb/../cb", false, false},
    {"https://a.example/cb", "https://a.example/c", false, false},
    {"https://a.example/cb", "", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.1/cb", true, true},
    {"http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", false, true},
    {"http://127.0.0.1:8080/cb", "http://127.0.0.1:49152/cb", false, true},
    {"http://127.0.0.1:8080/cb", "http://127.0.0.1/cb", false, true},
    {"http://[::1]/cb", "http://[::1]:1/cb", false, true},
    {"http://[::1]:1/cb?a=b", "http://[::1]:65535/cb?a=b", false, true},
    {"http://127.0.0.1/cb", "http://[::1]/cb", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.1:/cb", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.1:123456/cb", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.1:80.evil.example/cb", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.1:x/cb", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.10/cb", false, false},
    {"http://127.0.0.1/cb", "http://127.0.0.1:1/cb/", false, false},
    {"http://127.0.0.1/cb", "HTTP://127.0.0.1:1/cb", false, false},
    {"http://localhost/cb", "http://localhost:1/cb", false, false},
    {"https://127.0.0.1/cb", "https://127.0.0.1:1/cb", false, false},
    {"com.example.app:/cb", "com.example.app:/cb", true, true},
};

static void
redirect_uris(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(uris); i++) {
		bool exact = redirect_uri_matches(uris[i].registered, uris[i].uri, false);
		bool native = redirect_uri_matches(uris[i].registered, uris[i].uri, true);

		if (exact != uris[i].exact || native != uris[i].native)
			fail_msg("%s and %s: %d, native %d", uris[i].registered, uris[i].uri, exact,
			    native);
	}
}

static const char *const allowed[] = {"openid", "profile", "offline_access", "orders", "old", NULL};
static const char *const operators[] = {"orders", NULL};

static const struct {
	const char *asked, *granted;
} scopes[] = {
    {"openid", "openid"},
    {"profile openid", "openid profile"},
    {"openid openid  profile ", "openid profile"},
    {"openid email", "openid"},
    {"orders", "orders"},
    {"old openid", "openid"}, /* of the client's row, but no scope any more */
    {"OPENID", ""},
    {"openidx xopenid open", ""},
    {"openid,profile", ""},
    {"email", ""},
    {"", ""},
    {"<script>", ""},
};

static void
granted_scopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scopes); i++)
		assert_string_equal(
		    scopes_grant(arena, scopes[i].asked, allowed, operators), scopes[i].granted);
	assert_string_equal(scopes_grant(arena, "orders openid", allowed, NULL), "openid");
}

/* A good request, and what each row changes in it. */
static struct authorization
request_with(const char *name, const char *value)
{
	struct authorization made = {.client = {.require_pkce = true, .secret = "sha256$"}};
	const char *const good[][2] = {{"response_type", "code"}, {"code_challenge", CHALLENGE},
	    {"code_challenge_method", "S256"}, {"state", "s"}};

	authorization_names(&made);
	for (size_t i = 0; i < AUTHORIZATION_PARAMETERS; i++) {
		struct parameter *one = &made.parameters[i];

		for (size_t j = 0; j < COUNT(good); j++)
			if (strcmp(one->name, good[j][0]) == 0)
				one->value = good[j][1];
		if (name == NULL || strcmp(one->name, name) != 0)
			continue;
		one->value = value;
		one->given = true;
	}
	return made;
}

static const struct {
	const char *name, *value, *error; /* error NULL: good */
} parameters[] = {
    {"response_type", NULL, "invalid_request"},
    {"response_type", "token", "unsupported_response_type"},
    {"response_type", "id_token", "unsupported_response_type"},
    {"response_type", "code id_token", "unsupported_response_type"},
    {"response_type", "CODE", "unsupported_response_type"},
    {"response_mode", "query", NULL},
    {"response_mode", "form_post", NULL},
    {"response_mode", "fragment", "invalid_request"},
    {"response_mode", "QUERY", "invalid_request"},
    {"code_challenge", NULL, "invalid_request"},
    {"code_challenge", "short", "invalid_request"},
    {"code_challenge", CHALLENGE "=", "invalid_request"},
    {"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "invalid_request"},
    {"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM", "invalid_request"},
    {"code_challenge_method", NULL, "invalid_request"},
    {"code_challenge_method", "plain", "invalid_request"},
    {"code_challenge_method", "s256", "invalid_request"},
    {"prompt", "none", NULL},
    {"prompt", "login", NULL},
    {"prompt", "consent login select_account login", NULL},
    {"prompt", " login ", NULL},
    {"prompt", "none none", NULL},
    {"prompt", "none login", "invalid_request"},
    {"prompt", "consent none", "invalid_request"},
    {"prompt", "create", "invalid_request"},
    {"prompt", "None", "invalid_request"},
    {"prompt", "login,consent", "invalid_request"},
    {"max_age", "0", NULL},
    {"max_age", "3600", NULL},
    {"max_age", "99999999999999999999999999", NULL},
    {"max_age", "-1", "invalid_request"},
    {"max_age", "+1", "invalid_request"},
    {"max_age", " 1", "invalid_request"},
    {"max_age", "1.5", "invalid_request"},
    {"max_age", "1e3", "invalid_request"},
    {"max_age", "0x10", "invalid_request"},
    {"max_age", "<b>", "invalid_request"},
    {"request", "eyJ", "request_not_supported"},
    {"request_uri", "https://a.example/", "request_uri_not_supported"},
    {"registration", "{}", "registration_not_supported"},
    {"display", "<b>", NULL},
    {"ui_locales", "xx-YY zz", NULL},
    {"claims_locales", "\r\n", NULL},
    {"acr_values", "urn:x 5", NULL},
    {"login_hint", "<script>", NULL},
    {"id_token_hint", "garbage", NULL},
    {"nonce", "\"<&>'", NULL},
    {NULL, NULL, NULL},
};

static void
expect(const char *name, const char *value, struct authorization *made, const char *error)
{
	bool good = authorization_read(made);

	if (good != (error == NULL) || (error != NULL && strcmp(made->error, error) != 0))
		fail_msg("%s=%s: %s", name == NULL ? "" : name, value == NULL ? "" : value,
		    good ? "good" : made->error);
	/* RFC 6749 section 4.1.2.1 */
	for (const char *at = made->description; at != NULL && *at != '\0'; at++)
		assert_true(*at >= ' ' && *at <= '~' && *at != '"' && *at != '\\');
	assert_string_equal(made->state, "s");
}

static void
each_parameter(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(parameters); i++) {
		struct authorization made = request_with(parameters[i].name, parameters[i].value);

		expect(parameters[i].name, parameters[i].value, &made, parameters[i].error);
		assert_true(made.form_post == (parameters[i].value != NULL &&
						  strcmp(parameters[i].value, "form_post") == 0));
	}
}

static void
each_repeated_or_too_long(void **state)
{
	(void)state;
	for (size_t i = 0; i < AUTHORIZATION_PARAMETERS; i++) {
		struct authorization twice = request_with(NULL, NULL), longer = twice;
		const char *name = twice.parameters[i].name;
		bool unsupported =
		    strncmp(name, "request", 7) == 0 || strcmp(name, "registration") == 0;

		if (strcmp(name, "state") == 0)
			continue;
		twice.parameters[i] = (struct parameter){name, .repeated = true, .given = true};
		expect(name, "twice", &twice, "invalid_request");
		longer.parameters[i] = (struct parameter){name, .too_long = true, .given = true};
		if (unsupported)
			assert_false(authorization_read(&longer));
		else
			expect(name, "too long", &longer, "invalid_request");
	}
}

/* PKCE may be left out by a confidential client whose row says so, and by no other. */
static void
challenge_not_required(void **state)
{
	struct authorization made = request_with("code_challenge", NULL);

	(void)state;
	made.client.require_pkce = false;
	expect("code_challenge_method", "alone", &made, "invalid_request");
	for (size_t i = 0; i < AUTHORIZATION_PARAMETERS; i++)
		if (strcmp(made.parameters[i].name, "code_challenge_method") == 0)
			made.parameters[i].value = NULL;
	expect("code_challenge", "none", &made, NULL);
	assert_null(made.code_challenge);
	made.client.secret = NULL;
	expect("code_challenge", "none, public client", &made, "invalid_request");
}

#define NOW INT64_C(1000000)

enum { NONE = 1, LOGIN = 2, CONSENT = 4 };                        /* prompt */
enum { FIRST_PARTY = 0, THIRD_PARTY = 1, NATIVE = 2, KNOWN = 4 }; /* client; KNOWN: consented */
enum hint { NO_HINT, HINT, OTHER_HINT, BAD_HINT };

static const struct {
	const char *what;
	enum authorization_step step;
	int64_t age; /* of the session; -1: none */
	int prompt;
	int64_t max_age;
	enum hint hint;
	int client;
	enum authorization_next next;
	const char *error;
} decisions[] = {
    {"no session", STEP_REQUEST, -1, 0, -1, NO_HINT, 0, NEXT_LOGIN, NULL},
    {"no session", STEP_REQUEST, -1, NONE, -1, NO_HINT, 0, NEXT_ERROR, "login_required"},
    {"session", STEP_REQUEST, 3000, 0, -1, NO_HINT, 0, NEXT_CODE, NULL},
    {"session", STEP_REQUEST, 3000, NONE, -1, NO_HINT, 0, NEXT_CODE, NULL},
    {"login although logged in", STEP_REQUEST, 0, LOGIN, -1, NO_HINT, 0, NEXT_LOGIN, NULL},
    {"has just logged in", STEP_LOGIN, 0, LOGIN, -1, NO_HINT, 0, NEXT_CODE, NULL},
    {"max_age", STEP_REQUEST, 60, 0, 60, NO_HINT, 0, NEXT_CODE, NULL},
    {"max_age", STEP_REQUEST, 60, NONE, 60, NO_HINT, 0, NEXT_CODE, NULL},
    {"max_age over", STEP_REQUEST, 61, 0, 60, NO_HINT, 0, NEXT_LOGIN, NULL},
    {"max_age over", STEP_REQUEST, 61, NONE, 60, NO_HINT, 0, NEXT_ERROR, "login_required"},
    {"max_age 0", STEP_REQUEST, 0, 0, 0, NO_HINT, 0, NEXT_LOGIN, NULL},
    {"max_age 0", STEP_REQUEST, 0, NONE, 0, NO_HINT, 0, NEXT_ERROR, "login_required"},
    {"max_age 0, logged in", STEP_LOGIN, 1, 0, 0, NO_HINT, 0, NEXT_CODE, NULL},
    {"max_age, a clock behind", STEP_REQUEST, -2, 0, 60, NO_HINT, 0, NEXT_CODE, NULL},
    {"max_age without end", STEP_REQUEST, 3000, 0, INT64_MAX, NO_HINT, 0, NEXT_CODE, NULL},
    {"hint", STEP_REQUEST, 3000, NONE, -1, HINT, 0, NEXT_CODE, NULL},
    {"other", STEP_REQUEST, 3000, 0, -1, OTHER_HINT, 0, NEXT_LOGIN, NULL},
    {"other", STEP_REQUEST, 3000, NONE, -1, OTHER_HINT, 0, NEXT_ERROR, "login_required"},
    {"other logged in", STEP_LOGIN, 0, 0, -1, OTHER_HINT, 0, NEXT_ERROR, "login_required"},
    {"other consented", STEP_CONSENT, 0, 0, -1, OTHER_HINT, 1, NEXT_ERROR, "login_required"},
    {"bad", STEP_REQUEST, 3000, 0, -1, BAD_HINT, 0, NEXT_LOGIN, NULL},
    {"bad", STEP_REQUEST, 3000, NONE, -1, BAD_HINT, 0, NEXT_ERROR, "login_required"},
    {"bad, logged in", STEP_LOGIN, 0, 0, -1, BAD_HINT, 0, NEXT_CODE, NULL},
    {"bad, no session", STEP_REQUEST, -1, NONE, -1, BAD_HINT, 0, NEXT_ERROR, "login_required"},
    {"no consent", STEP_REQUEST, 0, 0, -1, NO_HINT, THIRD_PARTY, NEXT_CONSENT, NULL},
    {"no consent", STEP_REQUEST, 0, NONE, -1, NO_HINT, THIRD_PARTY, NEXT_ERROR, "consent_required"},
    {"no consent", STEP_LOGIN, 0, 0, -1, NO_HINT, THIRD_PARTY, NEXT_CONSENT, NULL},
    {"consent", STEP_REQUEST, 0, NONE, -1, NO_HINT, THIRD_PARTY | KNOWN, NEXT_CODE, NULL},
    {"asked again", STEP_REQUEST, 0, CONSENT, -1, NO_HINT, THIRD_PARTY | KNOWN, NEXT_CONSENT, NULL},
    {"first party", STEP_REQUEST, 0, CONSENT, -1, NO_HINT, FIRST_PARTY, NEXT_CODE, NULL},
    {"native", STEP_REQUEST, 0, 0, -1, NO_HINT, NATIVE, NEXT_CONSENT, NULL},
    {"native", STEP_REQUEST, 0, 0, -1, NO_HINT, NATIVE | THIRD_PARTY | KNOWN, NEXT_CONSENT, NULL},
    {"native", STEP_REQUEST, 0, NONE, -1, NO_HINT, NATIVE | KNOWN, NEXT_ERROR, "consent_required"},
    {"has just consented", STEP_CONSENT, 3000, 0, -1, NO_HINT, NATIVE, NEXT_CODE, NULL},
    {"has just consented", STEP_CONSENT, 600, LOGIN | CONSENT, 0, NO_HINT, THIRD_PARTY, NEXT_CODE,
	NULL},
    {"consented long after", STEP_CONSENT, 601, LOGIN, -1, NO_HINT, THIRD_PARTY, NEXT_LOGIN, NULL},
    {"consented long after", STEP_CONSENT, 601, 0, 60, NO_HINT, THIRD_PARTY, NEXT_LOGIN, NULL},
    {"consent not asked for", STEP_CONSENT, 300, LOGIN, -1, NO_HINT, 0, NEXT_LOGIN, NULL},
    {"consent not asked for", STEP_CONSENT, 300, 0, 60, NO_HINT, 0, NEXT_LOGIN, NULL},
    {"consented, no session", STEP_CONSENT, -1, 0, -1, NO_HINT, NATIVE, NEXT_LOGIN, NULL},
    {"login before consent", STEP_REQUEST, -1, CONSENT, -1, NO_HINT, THIRD_PARTY, NEXT_LOGIN, NULL},
};

static void
what_comes_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(decisions); i++) {
		const int client = decisions[i].client, prompt = decisions[i].prompt;
		const struct provider_session session = {
		    .user_id = "1", .auth_time = NOW - decisions[i].age};
		const struct authorization_user user = {
		    .session = decisions[i].age == -1 ? NULL : &session,
		    .hint_bad = decisions[i].hint == BAD_HINT,
		    .hint = decisions[i].hint == HINT         ? "1"
			    : decisions[i].hint == OTHER_HINT ? "12"
							      : NULL,
		    .consented = client & KNOWN,
		    .now = NOW,
		};
		struct authorization made = {
		    .client = {.first_party = !(client & THIRD_PARTY), .native = client & NATIVE},
		    .prompt_none = prompt & NONE,
		    .prompt_login = prompt & LOGIN,
		    .prompt_consent = prompt & CONSENT,
		    .max_age = decisions[i].max_age};
		enum authorization_next next =
		    authorization_decide(&made, decisions[i].step, &user);

		if (next != decisions[i].next)
			fail_msg("%s (row %zu): %d", decisions[i].what, i, next);
		if (decisions[i].error != NULL)
			assert_string_equal(made.error, decisions[i].error);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(redirect_uris),
	    cmocka_unit_test_setup_teardown(granted_scopes, arena_setup, arena_teardown),
	    cmocka_unit_test(each_parameter),
	    cmocka_unit_test(each_repeated_or_too_long),
	    cmocka_unit_test(challenge_not_required),
	    cmocka_unit_test(what_comes_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
