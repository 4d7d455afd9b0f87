/*
 * The settings, from the environment or a file of the same NAME=value lines.
 *
 * Names are SimpleJWT's with the prefix JWT_. The table in settings.c holds every name, type,
 * default, range and meaning; parsing, --help and --check-config use it. Settings are read once,
 * before the first request; nothing else in the project calls getenv(). PG* variables are libpq's:
 * those in the file are copied into the environment unless they are set there.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stdio.h>

/* The release of SimpleJWT to follow where releases differ. */
enum compat { COMPAT_5_2, COMPAT_5_5_0, COMPAT_5_5, COMPAT_HEAD };

/* Whether a browser's refresh token is in bodies or in a cookie. */
enum refresh_cookie { REFRESH_COOKIE_OFF, REFRESH_COOKIE_ON, REFRESH_COOKIE_INSECURE };

struct config {
	const char *config_file;
	bool check_only; /* --check-config: report all faults; do not serve */

	/* Keys and algorithm. */
	const char *signing_key; /* wiped from the environment; NULL when not set */
	const char *signing_key_file;
	const char *verifying_key, *verifying_key_file;
	const char *key_dir; /* replaces the keys above, or, with oidc_issuer, supplements them */
	const char *algorithm;
	long jwks_max_age;             /* seconds */
	const char *audience, *issuer; /* NULL: claim neither written nor checked */
	long leeway;                   /* seconds */

	/* Lifetimes, seconds. */
	long access_token_lifetime, refresh_token_lifetime;
	long sliding_token_lifetime, sliding_token_refresh_lifetime;

	/* Claims. */
	const char *token_type_claim, *user_id_claim, *revoke_token_claim;
	const char *jti_claim; /* NULL: tokens carry no id */
	const char *sliding_token_refresh_exp_claim;

	/* How tokens are issued and checked. */
	bool rotate_refresh_tokens, blacklist_after_rotation, token_blacklist;
	bool update_last_login, check_revoke_token, check_user_is_active;

	/* How clients present a token. */
	const char *const *auth_header_types;  /* NULL-terminated; the first is in the challenge */
	const char *auth_header_name;          /* as a CGI variable: HTTP_AUTHORIZATION */
	const char *const *auth_token_classes; /* AccessToken, SlidingToken; NULL-terminated */

	/* Users and their passwords. */
	const char *user_table, *user_key_field, *user_id_field, *username_field;
	const char *user_password_field, *user_active_field, *user_last_login_field;
	const char *permission_query;           /* NULL: Django's tables of permissions */
	const char *user_query, *user_id_query; /* NULL: built from user_table and the fields */
	const char *password_rehash;            /* off, upgrade, django */
	long pbkdf2_iterations;
	bool password_trim, password_legacy;
	long login_nice, login_queue;

	/* Rate limit. */
	bool throttle;
	const char *throttle_file; /* NULL: one per user in /dev/shm */
	long throttle_address_tries, throttle_name_tries;

	const char *const *trusted_proxies; /* networks or one number; NULL: no proxy */

	const char *sandbox; /* on, log, off */

	/* The wire. */
	const char *compat_name;
	enum compat compat; /* of compat_name */
	bool json_only;
	long request_body_limit;          /* bytes */
	long request_timeout;             /* seconds in which a request must arrive */
	const char *log;                  /* text, json, syslog */
	const char *metrics_dir;          /* NULL: metrics are disabled */
	const char *database_url;         /* wiped from the environment; NULL: only PG* variables */
	const char *database_url_setting; /* JWT_DATABASE_URL or DATABASE_URL */
	long database_timeout;            /* seconds for one statement */
	long feed_poll;                   /* milliseconds; accounts/feed.h */
	long feed_known;                  /* owners */
	long feed_stale;                  /* seconds */

	/* Sessions: accounts/sessions.h. */
	bool sessions, session_rotate, session_convert, session_device;
	long session_grace, session_recovery, session_max_age; /* seconds */
	long session_max;
	const char *session_id_claim, *session_generation_claim;
	const char *refresh_cookie_mode;           /* the setting: off, on, insecure */
	enum refresh_cookie refresh_cookie;        /* of refresh_cookie_mode */
	const char *const *refresh_cookie_origins; /* in addition to the server's own; NULL: none */

	/* The site's own claims: accounts/operator_query.h. */
	const char *claims_query;          /* NULL: tokens have none */
	bool claims_refresh;               /* queried again at each refresh; else copied */
	const char *const *claims_headers; /* that auth_check passes on; NULL: none */
	const char *login_answer_query;    /* NULL: nothing is added to the answer */

	/* OpenID Connect. */
	const char *oidc_issuer;        /* NULL: disabled; its programs refuse to start */
	const char *oidc_audience;      /* of its access tokens; set if oidc_issuer is */
	const char *const *oidc_scopes; /* in addition to the standard ones; NULL: none */
	long oidc_code_lifetime, oidc_id_token_lifetime;                      /* seconds */
	long oidc_refresh_lifetime, oidc_refresh_maximum, oidc_refresh_grace; /* seconds */
	long oidc_session_lifetime, oidc_session_idle;                        /* seconds */
	const char *oidc_claims_query;      /* NULL: columns of Django's user table */
	const char *oidc_name;              /* title of the pages; NULL: the issuer's host */
	const char *oidc_text_dir;          /* translations of the pages; NULL: the package's */
	const char *oidc_style, *oidc_logo; /* paths on the issuer's host; NULL: none */
};

/*
 * Reads and checks all settings. file: from --config; NULL: JWT_CONFIG_FILE, or else jwt-fcgi.conf
 * beside the program, which may be missing. Returns NULL after logging each fault with the name of
 * the setting or file. The result lives until the next call.
 */
const struct config *config_load(const char *file);

/*
 * The same for --check-config: wrong settings get their default and set *good to false. Returns
 * NULL only if the file cannot be read.
 */
const struct config *config_examine(const char *file, bool *good);

/* The effective settings as NAME=value lines, secrets masked. */
void config_print(const struct config *, FILE *);

/* Prints the table of settings for --help. */
void config_help(FILE *);

/* An environment variable that is not a setting, such as CGI's; NULL if unset. */
const char *config_environment(const char *name);
