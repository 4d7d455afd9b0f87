#include "config/settings.h"

/* The offset of a member of struct config; does not compile if the member has another type. */
#define MEMBER(member)      (((struct config *)NULL)->member)
#define TEXT_OFFSET(member) _Generic(MEMBER(member), const char * : offsetof(struct config, member))
#define LONG_OFFSET(member) _Generic(MEMBER(member), long : offsetof(struct config, member))
#define BOOL_OFFSET(member) _Generic(MEMBER(member), bool : offsetof(struct config, member))
#define LIST_OFFSET(member) \
	_Generic(MEMBER(member), const char *const * : offsetof(struct config, member))

/* A setting's type and offset. */
#define TEXT(member)    SETTING_TEXT, TEXT_OFFSET(member)
#define SECRET(member)  SETTING_SECRET, TEXT_OFFSET(member)
#define NUMBER(member)  SETTING_NUMBER, LONG_OFFSET(member)
#define SECONDS(member) SETTING_SECONDS, LONG_OFFSET(member)
#define SWITCH(member)  SETTING_SWITCH, BOOL_OFFSET(member)
#define CHOICE(member)  SETTING_CHOICE, TEXT_OFFSET(member)
#define LIST(member)    SETTING_LIST, LIST_OFFSET(member)
#define NAME(member)    SETTING_NAME, TEXT_OFFSET(member)

const struct setting settings[] = {
    {"JWT_CONFIG_FILE", TEXT(config_file), NULL, NULL,
	"file of NAME=value lines, like --config; default: jwt-fcgi.conf beside the program"},

    {"JWT_SIGNING_KEY", SECRET(signing_key), NULL, NULL,
	"the key itself, used byte for byte (Django's SECRET_KEY)"},
    {"JWT_SIGNING_KEY_FILE", TEXT(signing_key_file), NULL, NULL,
	"file with the key, readable by its owner only; one newline at its end is removed"},
    {"JWT_VERIFYING_KEY", TEXT(verifying_key), NULL, NULL,
	"public half of a key pair, PEM or JWK: enough for hello and verify"},
    {"JWT_VERIFYING_KEY_FILE", TEXT(verifying_key_file), NULL, NULL,
	"file with the public half of a key pair, or with a certificate"},
    {"JWT_KEY_DIR", TEXT(key_dir), NULL, NULL,
	"folder of keys in next/, active/ and retired/, in place of the four settings above; with "
	"JWT_OIDC_ISSUER in addition to them: its newest RSA key signs OpenID Connect's tokens, "
	"the single key those of /api/token/"},
    {"JWT_JWKS_MAX_AGE", SECONDS(jwks_max_age), "300", "0 to 86400",
	"how long clients may cache the published keys"},
    {"JWT_ALGORITHM", CHOICE(algorithm), "HS256",
	"HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 ES256K EdDSA",
	"how tokens are signed; a token with another alg is refused"},
    {"JWT_AUDIENCE", TEXT(audience), NULL, NULL, "aud: written into tokens and required of them"},
    {"JWT_ISSUER", TEXT(issuer), NULL, NULL, "iss: written into tokens and required of them"},
    {"JWT_LEEWAY", SECONDS(leeway), "0", "0 to 86400",
	"clock difference that is tolerated when exp, iat and nbf are checked"},

    {"JWT_ACCESS_TOKEN_LIFETIME", SECONDS(access_token_lifetime), "300", "1 to 3153600000",
	"how long an access token is valid"},
    {"JWT_REFRESH_TOKEN_LIFETIME", SECONDS(refresh_token_lifetime), "86400", "1 to 3153600000",
	"how long a refresh token is valid"},
    {"JWT_SLIDING_TOKEN_LIFETIME", SECONDS(sliding_token_lifetime), "300", "1 to 3153600000",
	"how long a sliding token is valid"},
    {"JWT_SLIDING_TOKEN_REFRESH_LIFETIME", SECONDS(sliding_token_refresh_lifetime), "86400",
	"1 to 3153600000", "how long a sliding token can be refreshed"},

    {"JWT_TOKEN_TYPE_CLAIM", NAME(token_type_claim), "token_type", NULL,
	"the claim with the type of a token"},
    {"JWT_USER_ID_CLAIM", NAME(user_id_claim), "user_id", NULL,
	"the claim with the id of the user"},
    {"JWT_JTI_CLAIM", NAME(jti_claim), "jti", NULL,
	"the claim with a token's own id; empty: tokens have none"},
    {"JWT_REVOKE_TOKEN_CLAIM", NAME(revoke_token_claim), "hash_password", NULL,
	"the claim with a digest of the password's hash (JWT_CHECK_REVOKE_TOKEN)"},
    {"JWT_SLIDING_TOKEN_REFRESH_EXP_CLAIM", NAME(sliding_token_refresh_exp_claim), "refresh_exp",
	NULL, "the claim with the time until which a sliding token can be refreshed"},

    {"JWT_ROTATE_REFRESH_TOKENS", SWITCH(rotate_refresh_tokens), "off", "on off",
	"a refresh also issues a new refresh token"},
    {"JWT_BLACKLIST_AFTER_ROTATION", SWITCH(blacklist_after_rotation), "off", "on off",
	"rotation blacklists the old refresh token (needs JWT_TOKEN_BLACKLIST)"},
    {"JWT_TOKEN_BLACKLIST", SWITCH(token_blacklist), "off", "on off",
	"use the two tables of SimpleJWT's token_blacklist app"},
    {"JWT_UPDATE_LAST_LOGIN", SWITCH(update_last_login), "off", "on off",
	"set last_login when a token is obtained"},
    {"JWT_CHECK_REVOKE_TOKEN", SWITCH(check_revoke_token), "off", "on off",
	"a changed password invalidates the tokens issued before; off with JWT_COMPAT=5.2"},
    {"JWT_CHECK_USER_IS_ACTIVE", SWITCH(check_user_is_active), "on", "on off",
	"refuse the tokens of a user who is not active; on with JWT_COMPAT=5.2"},

    {"JWT_AUTH_HEADER_TYPES", LIST(auth_header_types), "Bearer", NULL,
	"schemes that may precede a token; the first one is in the challenge"},
    {"JWT_AUTH_HEADER_NAME", NAME(auth_header_name), "HTTP_AUTHORIZATION", NULL,
	"the header that carries a token, as a CGI variable"},
    {"JWT_AUTH_TOKEN_CLASSES", LIST(auth_token_classes), "AccessToken", "AccessToken SlidingToken",
	"the kinds of token that /hello/ accepts"},

    {"JWT_USER_TABLE", NAME(user_table), "auth_user", NULL, "the table of users"},
    {"JWT_USER_KEY_FIELD", NAME(user_key_field), "id", NULL, "the primary key of that table"},
    {"JWT_USER_PASSWORD_FIELD", NAME(user_password_field), "password", NULL,
	"the column of stored password hashes"},
    {"JWT_USER_ACTIVE_FIELD", NAME(user_active_field), "is_active", NULL,
	"the boolean column that says whether a user may log in"},
    {"JWT_USER_LAST_LOGIN_FIELD", NAME(user_last_login_field), "last_login", NULL,
	"the column that JWT_UPDATE_LAST_LOGIN sets"},
    {"JWT_USER_ID_FIELD", NAME(user_id_field), "id", NULL,
	"the column whose value goes into JWT_USER_ID_CLAIM"},
    {"JWT_USERNAME_FIELD", NAME(username_field), "username", NULL,
	"the column of login names, and the name of the request's field"},
    {"JWT_USER_QUERY", TEXT(user_query), NULL, NULL,
	"SQL in place of the table: for the login name $1 the columns id, password, active"},
    {"JWT_USER_ID_QUERY", TEXT(user_id_query), NULL, NULL,
	"the same for the user id $1 (text) of a token"},
    {"JWT_PERMISSION_QUERY", TEXT(permission_query), NULL, NULL,
	"SQL in place of Django's tables: one boolean for the user id $1 (text), the permission "
	"$2, and the path $3 and method $4 of the request that auth_check judges"},
    {"JWT_PASSWORD_REHASH", CHOICE(password_rehash), "upgrade", "off upgrade django",
	"store a new hash at login: never, if the old one is weaker, or if it differs"},
    {"JWT_PBKDF2_ITERATIONS", NUMBER(pbkdf2_iterations), "1000000", "1 to 100000000",
	"cost of a new hash and of a refused login; the default is Django 5.2's"},
    {"JWT_PASSWORD_TRIM", SWITCH(password_trim), "on", "on off",
	"strip white space around a password, as Django REST framework does"},
    {"JWT_PASSWORD_LEGACY", SWITCH(password_legacy), "off", "on off",
	"also accept md5, sha1 and unsalted hashes"},

    {"JWT_LOGIN_NICE", NUMBER(login_nice), "5", "0 to 19",
	"nice value of programs that hash passwords, so that many logins at once do not starve "
	"other programs"},
    {"JWT_LOGIN_QUEUE", NUMBER(login_queue), "64", "0 to 65535",
	"backlog of a login program: logins that may wait for a process; further ones are refused "
	"at once (503); 0: the backlog that the socket was created with"},

    {"JWT_THROTTLE", SWITCH(throttle), "off", "on off",
	"rate limit for logins and client secrets (429); recommended for a service on the "
	"internet"},
    {"JWT_THROTTLE_FILE", TEXT(throttle_file), NULL, NULL,
	"counters of the rate limit, shared by all workers; default: one file per user in "
	"/dev/shm"},
    {"JWT_THROTTLE_ADDRESS_TRIES", NUMBER(throttle_address_tries), "20", "1 to 200",
	"refused logins from one address before it has to wait"},
    {"JWT_THROTTLE_NAME_TRIES", NUMBER(throttle_name_tries), "10", "1 to 12",
	"refused logins with one name before it has to wait"},

    {"JWT_TRUSTED_PROXIES", LIST(trusted_proxies), NULL, NULL,
	"proxies in front of the web server, as networks (10.0.0.0/8,fd00::/8) or as their number: "
	"the client's address is then taken from X-Forwarded-For"},

    {"JWT_SANDBOX", CHOICE(sandbox), "on", "on log off",
	"deny files and system calls that a serving program does not need; log: only write them to "
	"the audit log"},

    {"JWT_COMPAT", CHOICE(compat_name), "head", "5.2 5.5.0 5.5 head",
	"the release of SimpleJWT whose behavior is reproduced; 5.5: 5.5.1"},
    {"JWT_JSON_ONLY", SWITCH(json_only), "off", "on off",
	"behave like a site that has only DRF's JSON parser and renderer"},
    {"JWT_REQUEST_BODY_LIMIT", NUMBER(request_body_limit), "65536", "1024 to 16777216",
	"largest body of a request, in bytes; a larger one gets 413"},
    {"JWT_REQUEST_TIMEOUT", SECONDS(request_timeout), "5", "1 to 300",
	"how long a web server may take to send one request"},
    {"JWT_DATABASE_URL", SECRET(database_url), NULL, NULL,
	"the database, as a postgresql:// URL or libpq's keyword=value pairs, in place of PG* "
	"variables; DATABASE_URL is read too"},
    {"JWT_DATABASE_TIMEOUT", SECONDS(database_timeout), "3", "1 to 60",
	"how long one statement may take before the answer is 503; a request may need several"},
    {"JWT_FEED_POLL", NUMBER(feed_poll), "250", "0 to 10000",
	"milliseconds between reads of the change feed, and of an OpenID Connect client; 0: read "
	"for every request"},
    {"JWT_FEED_KNOWN", NUMBER(feed_known), "65536", "0 to 16777216",
	"owners of tokens that a process remembers while the change feed says that they are "
	"unchanged, 16 bytes each; 0: every request reads the database"},
    {"JWT_FEED_STALE", SECONDS(feed_stale), "0", "0 to 86400",
	"how long remembered owners are accepted while the database does not answer"},
    {"JWT_SESSIONS", SWITCH(sessions), "off", "on off",
	"each login creates a session that can be ended at once (sql/sessions.sql)"},
    {"JWT_SESSION_ROTATE", SWITCH(session_rotate), "on", "on off",
	"each refresh of a session issues a new refresh token"},
    {"JWT_SESSION_GRACE", SECONDS(session_grace), "10", "0 to 300",
	"how long the previous refresh token still gets the same answer; no session rotates "
	"sooner"},
    {"JWT_SESSION_RECOVERY", SECONDS(session_recovery), "86400", "0 to 31536000",
	"how long after a refresh a client may ask again for an answer that it lost; 0: never"},
    {"JWT_SESSION_MAX_AGE", SECONDS(session_max_age), "2592000", "1 to 315360000",
	"age at which a session ends, however often it is refreshed"},
    {"JWT_SESSION_MAX", NUMBER(session_max), "100", "0 to 100000",
	"sessions from password logins per user; one more ends the least recently used; 0: no limit"},
    {"JWT_SESSION_CONVERT", SWITCH(session_convert), "on", "on off",
	"a refresh token without a session is converted into a session; off: it is refused"},
    {"JWT_SESSION_DEVICE", SWITCH(session_device), "off", "on off",
	"store the address and the user agent of a login with its session"},
    {"JWT_SESSION_ID_CLAIM", NAME(session_id_claim), "sid", NULL,
	"the claim with the id of a session"},
    {"JWT_SESSION_GENERATION_CLAIM", NAME(session_generation_claim), "gen", NULL,
	"the claim with the generation of a session's tokens"},
    {"JWT_REFRESH_COOKIE", CHOICE(refresh_cookie_mode), "off", "off on insecure",
	"keep the refresh token in an HttpOnly cookie and out of all bodies (needs JWT_SESSIONS); "
	"insecure: for http on loopback"},
    {"JWT_REFRESH_COOKIE_ORIGINS", LIST(refresh_cookie_origins), NULL, NULL,
	"other origins of the same site whose pages may use that cookie (https://app.example.org)"},
    {"JWT_CLAIMS_QUERY", TEXT(claims_query), NULL, NULL,
	"SQL for the user id $1: one row, whose columns become claims of the tokens"},
    {"JWT_CLAIMS_REFRESH", SWITCH(claims_refresh), "on", "on off",
	"each refresh runs JWT_CLAIMS_QUERY again; off: it copies the claims of the token"},
    {"JWT_CLAIMS_HEADERS", LIST(claims_headers), NULL, NULL,
	"claims that auth_check passes on, each in a header of its own: role as X-Auth-Role"},
    {"JWT_LOGIN_ANSWER_QUERY", TEXT(login_answer_query), NULL, NULL,
	"SQL for the user id $1: one row, whose columns are added to the answer to a login"},
    {"JWT_OIDC_ISSUER", TEXT(oidc_issuer), NULL, NULL,
	"the https URL of this OpenID Connect provider, without a query (http on loopback only; "
	"needs JWT_SESSIONS and an RSA key); default: no provider"},
    {"JWT_OIDC_AUDIENCE", TEXT(oidc_audience), NULL, NULL,
	"aud of its access tokens; default: JWT_AUDIENCE, or else the issuer"},
    {"JWT_OIDC_SCOPES", LIST(oidc_scopes), NULL, NULL,
	"your own scopes, in addition to openid, profile, email and offline_access"},
    {"JWT_OIDC_CODE_LIFETIME", SECONDS(oidc_code_lifetime), "60", "1 to 600",
	"how long an authorization code is valid"},
    {"JWT_OIDC_ID_TOKEN_LIFETIME", SECONDS(oidc_id_token_lifetime), "300", "1 to 3153600000",
	"how long an ID token is valid"},
    {"JWT_OIDC_REFRESH_LIFETIME", SECONDS(oidc_refresh_lifetime), "86400", "1 to 3153600000",
	"how long a client's refresh token is valid after its last use"},
    {"JWT_OIDC_REFRESH_MAXIMUM", SECONDS(oidc_refresh_maximum), "2592000", "1 to 3153600000",
	"how long after the login a client's refresh tokens end, even if used; at least "
	"JWT_OIDC_SESSION_LIFETIME"},
    {"JWT_OIDC_REFRESH_GRACE", SECONDS(oidc_refresh_grace), "10", "0 to 300",
	"how long a client's previous refresh token still gets the same answer"},
    {"JWT_OIDC_SESSION_LIFETIME", SECONDS(oidc_session_lifetime), "43200", "1 to 3153600000",
	"how long a browser stays logged in at the provider"},
    {"JWT_OIDC_SESSION_IDLE", SECONDS(oidc_session_idle), "3600", "60 to 3153600000",
	"how long a browser stays logged in at the provider without use"},
    {"JWT_OIDC_CLAIMS_QUERY", TEXT(oidc_claims_query), NULL, NULL,
	"SQL for the user id $1 (text): one row, whose columns are the claims of userinfo"},
    {"JWT_OIDC_NAME", TEXT(oidc_name), NULL, NULL,
	"the name of your site on the login page; default: the issuer's host"},
    {"JWT_OIDC_TEXT_DIR", TEXT(oidc_text_dir), NULL, NULL,
	"folder of the pages' texts, one file per language; default: those of the package"},
    {"JWT_OIDC_STYLE", TEXT(oidc_style), NULL, NULL,
	"path of a style sheet for the pages, on the issuer's host"},
    {"JWT_OIDC_LOGO", TEXT(oidc_logo), NULL, NULL,
	"path of a picture for the pages, on the issuer's host"},
    {"JWT_LOG", CHOICE(log), "text", "text json syslog",
	"one line per event: text or JSON on standard error, which may be the journal, or syslog"},
    {"JWT_METRICS_DIR", TEXT(metrics_dir), NULL, NULL,
	"folder of the programs' counters, which the program metrics publishes"},

    {NULL, SETTING_TEXT, 0, NULL, NULL, NULL},
};
