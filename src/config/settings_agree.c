/*
 * Checks that the settings are valid and fit together.
 */
#include "base/address.h"
#include "base/log.h"
#include "config/claim_names.h"
#include "config/oidc_settings.h"
#include "config/settings.h"

#include <string.h>

static bool
keys_agree(const struct config *config)
{
	const char *single = config->signing_key != NULL          ? "JWT_SIGNING_KEY"
			     : config->signing_key_file != NULL   ? "JWT_SIGNING_KEY_FILE"
			     : config->verifying_key != NULL      ? "JWT_VERIFYING_KEY"
			     : config->verifying_key_file != NULL ? "JWT_VERIFYING_KEY_FILE"
								  : NULL;

	if (config->key_dir == NULL || single == NULL || config->oidc_issuer != NULL)
		return true;
	log_error("JWT_KEY_DIR and %s are both set: keep one; an earlier key goes into the "
		  "folder's retired/",
	    single);
	return false;
}

/* Whether the words are networks, or one number of proxies from 1 to 9. */
static bool
are_proxies(struct arena *arena, const char *const *words)
{
	struct network network;

	if (words == NULL ||
	    (words[0][0] >= '1' && words[0][0] <= '9' && words[0][1] == '\0' && words[1] == NULL))
		return true;
	for (; *words != NULL; words++)
		if (!address_parse_network(*words, &network)) {
			log_error(
			    "JWT_TRUSTED_PROXIES: %s is not a network such as 10.0.0.0/8; one "
			    "number from 1 to 9 stands alone",
			    log_quote(arena, bytes_of(*words)));
			return false;
		}
	return true;
}

/* Whether the words are origins as browsers send them, with the host in lower case. */
static bool
are_origins(struct arena *arena, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++) {
		const char *host = strncmp(*words, "https://", 8) == 0  ? *words + 8
				   : strncmp(*words, "http://", 7) == 0 ? *words + 7
									: "";
		const char *allowed = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";

		if (*host == '\0' || host[strspn(host, allowed)] != '\0') {
			log_error("JWT_REFRESH_COOKIE_ORIGINS: %s is not an origin such as "
				  "https://app.example.org",
			    log_quote(arena, bytes_of(*words)));
			return false;
		}
	}
	return true;
}

/* Checks combinations of settings that are valid alone. */
static bool
combinations_agree(const struct config *config)
{
	bool oidc = config->oidc_issuer != NULL;
	const struct {
		bool fault;
		const char *text;
	} faults[] = {
	    {config->blacklist_after_rotation && !config->token_blacklist,
		"JWT_BLACKLIST_AFTER_ROTATION needs JWT_TOKEN_BLACKLIST=on and its tables"},
	    {config->token_blacklist && config->jti_claim == NULL,
		"JWT_TOKEN_BLACKLIST needs a JWT_JTI_CLAIM: tokens are listed by their id"},
	    {(config->user_query == NULL) != (config->user_id_query == NULL),
		"JWT_USER_QUERY and JWT_USER_ID_QUERY: set both or neither"},
	    {strcmp(config->refresh_cookie_mode, "off") != 0 && !config->sessions,
		"JWT_REFRESH_COOKIE needs JWT_SESSIONS=on"},
	    {config->signing_key != NULL && config->signing_key_file != NULL,
		"JWT_SIGNING_KEY and JWT_SIGNING_KEY_FILE are both set: keep one"},
	    {config->verifying_key != NULL && config->verifying_key_file != NULL,
		"JWT_VERIFYING_KEY and JWT_VERIFYING_KEY_FILE are both set: keep one"},
	    {oidc && config->issuer != NULL && strcmp(config->issuer, config->oidc_issuer) != 0,
		"JWT_ISSUER is set and is not JWT_OIDC_ISSUER: tokens have one issuer"},
	    {oidc && config->jti_claim == NULL,
		"JWT_OIDC_ISSUER needs a JWT_JTI_CLAIM: access tokens have an id (RFC 9068)"},
	    {oidc && !config->sessions,
		"JWT_OIDC_ISSUER needs JWT_SESSIONS=on: each login at a client is a session"},
	    {oidc && config->oidc_refresh_maximum < config->oidc_session_lifetime,
		"JWT_OIDC_REFRESH_MAXIMUM is less than JWT_OIDC_SESSION_LIFETIME: a browser that is "
		"logged in would get codes that give no tokens"},
	    {oidc && strcmp(config->auth_header_name, "HTTP_AUTHORIZATION") != 0,
		"JWT_OIDC_ISSUER needs JWT_AUTH_HEADER_NAME=HTTP_AUTHORIZATION, where clients send "
		"their credentials"},
	};
	bool good = true;

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (faults[i].fault) {
			log_error("%s", faults[i].text);
			good = false;
		}
	return good;
}

bool
settings_agree(struct arena *arena, const struct config *config)
{
	bool good = combinations_agree(config);

	good = keys_agree(config) && good;
	good = are_proxies(arena, config->trusted_proxies) && good;
	good = are_origins(arena, config->refresh_cookie_origins) && good;
	good = oidc_settings_agree(arena, config) && good;
	return claim_names_agree(arena, config) && good;
}
