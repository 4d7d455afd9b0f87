/*
 * Users in the database: in Django's auth_user, in JWT_USER_TABLE, or found by JWT_USER_QUERY.
 */
#pragma once

#include "accounts/feed.h"
#include "base/bytes.h"
#include "base/verdict.h"
#include "config/config.h"
#include "db/statements.h"

/* The state of the modules of accounts/, as long as the process lives, and their one connection. */
struct accounts {
	const struct config *config;
	struct database *database;
	struct feed *feed;       /* may be NULL (feed.h) */
	struct logins *logins;   /* logins.h */
	struct clients *clients; /* clients.h; NULL without JWT_OIDC_ISSUER */
};

/* In the request's arena. */
struct account {
	const char *user_id;  /* of JWT_USER_ID_FIELD, for tokens */
	bool user_id_integer; /* whether that column holds integers */
	const char *key;      /* the primary key, to which other tables refer */
	const char *name; /* of JWT_USERNAME_FIELD; NULL if JWT_USER_QUERY has no fifth column */
	const char *password; /* the stored string; may be NULL */
	bool active;
	bool ended; /* by account_judge() only: the token's session is over */
	/* After a NO of login_verify(), the reason: for the log, never for a client. */
	const char *refusal;
};

/*
 * Does not connect yet. NULL after a line in the log. program: the application_name at the
 * database. names: whether account_known() must return names.
 */
struct accounts *accounts_open(const struct config *, const char *program, bool names);

/*
 * Checks that the database has what the settings need, then closes the connection. rights: also
 * check the rights of the role and, without sessions, log if there is no change feed. NO: after a
 * line in the log for each fault. UNDECIDED: the database does not answer.
 */
enum verdict accounts_check(struct accounts *, struct arena *, bool rights);

/* The same for the statement of permissions alone, which not every program needs. */
enum verdict accounts_check_permissions(struct accounts *, struct arena *, bool rights);

/*
 * Finds an account, active or not, by USER_BY_NAME or USER_BY_ID. NO: there is none, or more than
 * one. value: the name or the id, UTF-8 without NUL.
 */
enum verdict account_ask(struct accounts *, struct arena *, enum statement_number,
    const char *value, struct account *out);

/* Finds the account of a token by USER_BY_ID; NO also if its id is spelled differently. */
enum verdict account_find(
    struct accounts *, struct arena *, const char *user_id, struct account *out);

/*
 * Whether a token's account was read before, found good and is unchanged since (accounts/feed.h).
 * YES: *out has user_id and, if accounts_open() was told `names`, name. NO: it must be read.
 * UNDECIDED: an outage.
 */
enum verdict account_known(
    struct accounts *, struct arena *, const struct known_fact *, struct account *out);

/* Call once an account that account_known() did not know was read and found good. */
void account_remember(struct accounts *, const struct known_fact *, const struct account *);

/*
 * account_find() with JWT_SESSIONS. out->ended: the token's session is over or its generation void;
 * for a token without a session (sid NULL): all sessions of the user were ended after `earliest`,
 * in seconds since the epoch.
 */
enum verdict account_judge(struct accounts *, struct arena *, const struct known_fact *,
    int64_t earliest, struct account *out);

/* The MD5 of the stored string in upper-case hex, for SimpleJWT's REVOKE_TOKEN_CLAIM. */
const char *account_password_digest(struct arena *, const struct account *);

/*
 * Reads the first row of a query for a user: id, password, active and, if there are more columns,
 * the primary key and the name. false, after a line in the log, if it has fewer than three columns
 * or no id.
 *
 * active may be a boolean, text or a number: t, true, y, yes, on and 1 are true; f, false, n, no,
 * off and 0 are false. As in PostgreSQL case and surrounding blanks do not matter, but
 * abbreviations such as "tru" are not accepted. Any other value is false, after a line in the log.
 * setting: named in these lines.
 */
bool account_read(const struct rows *, const char *setting, struct account *out);

/* The setting that decides how USER_BY_NAME or USER_BY_ID finds a user; for the log. */
const char *accounts_setting(const struct config *, enum statement_number);
