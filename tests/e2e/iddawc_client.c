/*
 * A relying party made with libiddawc. Standard input and output: one JSON value a line. Arguments:
 * issuer, client id, client secret, redirect URI, post-logout redirect URI.
 */
#include <iddawc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
expect(int result, const char *what)
{
	if (result == I_OK)
		return;
	fprintf(stderr, "%s: %d\n", what, result);
	exit(1);
}

static const char *
text(struct _i_session *session, i_option option)
{
	const char *value = i_get_str_parameter(session, option);

	return value == NULL ? "" : value;
}

static void
say(json_t *value)
{
	char *line = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	puts(line);
	fflush(stdout);
	free(line);
	json_decref(value);
}

static json_t *
hear(void)
{
	char line[8192];
	json_t *value = fgets(line, sizeof(line), stdin) == NULL
			    ? NULL
			    : json_loads(line, JSON_DECODE_ANY, NULL);

	if (value == NULL)
		exit(1);
	return value;
}

static bool
is_active(struct _i_session *session)
{
	json_t *answer = NULL;

	i_set_str_parameter(session, I_OPT_TOKEN_TARGET, text(session, I_OPT_ACCESS_TOKEN));
	expect(
	    i_get_token_introspection(session, &answer, I_INTROSPECT_REVOKE_AUTH_CLIENT_TARGET, 0),
	    "introspection");
	return json_is_true(json_object_get(answer, "active"));
}

/* It demands the nonce again, which an ID token of a refresh should not have (OpenID Connect
 * Core 1.0 section 12.2). */
static void
refresh(struct _i_session *session)
{
	i_set_str_parameter(session, I_OPT_NONCE, NULL);
	i_set_response_type(session, I_RESPONSE_TYPE_REFRESH_TOKEN);
	expect(i_run_token_request(session), "refresh");
}

int
main(int count, char **arguments)
{
	struct _i_session session;
	char document[512];

	(void)count;
	snprintf(document, sizeof(document), "%s/.well-known/openid-configuration", arguments[1]);
	expect(i_global_init(), "start");
	expect(i_init_session(&session), "session");
	expect(i_set_parameter_list(&session, I_OPT_OPENID_CONFIG_ENDPOINT, document,
		   I_OPT_OPENID_CONFIG_STRICT, I_STRICT_YES, I_OPT_RESPONSE_TYPE,
		   I_RESPONSE_TYPE_CODE, I_OPT_CLIENT_ID, arguments[2], I_OPT_CLIENT_SECRET,
		   arguments[3], I_OPT_TOKEN_METHOD, I_TOKEN_AUTH_METHOD_SECRET_BASIC,
		   I_OPT_REDIRECT_URI, arguments[4], I_OPT_POST_LOGOUT_REDIRECT_URI, arguments[5],
		   I_OPT_SCOPE, "openid profile email offline_access", I_OPT_STATE_GENERATE, 16,
		   I_OPT_NONCE_GENERATE, 32, I_OPT_PKCE_METHOD, I_PKCE_METHOD_S256,
		   I_OPT_PKCE_CODE_VERIFIER_GENERATE, 43, I_OPT_NONE),
	    "parameters");
	expect(i_get_openid_config(&session), "discovery");
	expect(i_build_auth_url_get(&session), "authorization request");
	say(json_string(text(&session, I_OPT_REDIRECT_TO)));

	i_set_str_parameter(&session, I_OPT_REDIRECT_TO, json_string_value(hear()));
	expect(i_parse_redirect_to(&session), "authorization response");
	expect(i_run_token_request(&session), "code");
	expect(i_verify_id_token(&session), "ID token");
	expect(i_verify_jwt_access_token(&session, arguments[1]), "access token");
	refresh(&session);
	expect(i_get_userinfo(&session, 0), "userinfo");
	say(json_pack("{s:o,s:s,s:s,s:b}", "user",
	    json_loads(text(&session, I_OPT_USERINFO), 0, NULL), "access",
	    text(&session, I_OPT_ACCESS_TOKEN), "logout", i_build_end_session_url(&session),
	    "active", is_active(&session)));

	hear();
	i_set_str_parameter(&session, I_OPT_TOKEN_TARGET, text(&session, I_OPT_REFRESH_TOKEN));
	expect(i_revoke_token(&session, I_INTROSPECT_REVOKE_AUTH_CLIENT_TARGET), "revocation");
	say(json_pack("{s:b,s:b}", "active", is_active(&session), "refused",
	    i_run_token_request(&session) != I_OK));
	return 0;
}
