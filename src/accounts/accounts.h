/*
 * Users as the database has them: in Django's auth_user, in JWT_USER_TABLE, or as JWT_USER_QUERY
 * finds them.
 */
#pragma once

#include "accounts/feed.h"
#include "base/bytes.h"
#include "base/verdict.h"
#include "config/config.h"
#include "db/statements.h"

/* What the modules of accounts/ keep for a process, and the one connection of all of them. */
struct accounts {
	const struct config *config;
	struct database *database;
	struct feed *feed;       /* may be NULL (feed.h) */
	struct logins *logins;   /* logins.h */
	struct clients *clients; /* clients.h; NULL without JWT_OIDC_ISSUER */
};

/* In the request's arena. */
struct account {
	const char *user_id;  /* of JWT_USER_ID_FIELD: what goes into a token */
	bool user_id_integer; /* whether that column holds integers */
	const char *key;      /* the primary key, to which other tables refer */
	const char *name; /* of JWT_USERNAME_FIELD; NULL if JWT_USER_QUERY gives no fifth column */
	const char *password; /* the stored string; NULL if there is none */
	bool active;
	bool ended; /* of account_judge() only: the token's session is over */
	/* After a NO of login_verify(), why: for the log only, never for a client. */
	const char *refusal;
};

/*
 * Does not connect yet. NULL after a line in the log. program: for the database's log. names:
 * whether account_known() needs them.
 */
struct accounts *accounts_open(const struct config *, const char *program, bool names);

/*
 * Whether the database has what the settings need, and the connection is closed again. rights: also
 * whether the role has the rights, and without sessions a line in the log if there is no change
 * feed. NO: not, after a line in the log for each fault. UNDECIDED: the database does not answer.
 */
enum verdict accounts_check(struct accounts *, struct arena *, bool rights);

/* The same for the statement of permissions alone, which not every program needs. */
enum verdict accounts_check_permissions(struct accounts *, struct arena *, bool rights);

/*
 * The account that a statement for users finds, USER_BY_NAME or USER_BY_ID, whether active or not.
 * NO: there is none, or more than one. value: UTF-8 without NUL.
 */
enum verdict account_ask(struct accounts *, struct arena *, enum statement_number,
    const char *value, struct account *out);

/* The account of a token: that of USER_BY_ID if its id has the same spelling, else NO. */
enum verdict account_find(
    struct accounts *, struct arena *, const char *user_id, struct account *out);

/*
 * The account of a token without a read, if it was read and found good before and is unchanged
 * (accounts/feed.h). YES: *out has user_id and, if accounts_open() was told `names`, name. NO:
 * it must be read. UNDECIDED: an outage.
 */
enum verdict account_known(
    struct accounts *, struct arena *, const struct known_owner *, struct account *out);

/* To be called once an account that account_known() did not know was read and found good. */
void account_remember(struct accounts *, const struct known_owner *, const struct account *);

/*
 * account_find() for a token with JWT_SESSIONS. out->ended: the session is over or the token's
 * generation is void; for a token without a session (sid NULL): all sessions of the user were ended
 * after `earliest`, in seconds since the epoch.
 */
enum verdict account_judge(struct accounts *, struct arena *, const struct known_owner *,
    int64_t earliest, struct account *out);

/* Upper-case hex of the MD5 of the stored string: SimpleJWT's REVOKE_TOKEN_CLAIM. */
const char *account_password_digest(struct arena *, const struct account *);

/*
 * Reads the first row of a query for a user: id, password, active and, if there are more columns,
 * the primary key and the name. false, after a line in the log, if it has less than three columns
 * or no id. active is true for PostgreSQL's boolean and, of text and numbers, for its words t,
 * true, y, yes, on and 1; f, false, n, no, off and 0 are false. Case and surrounding blanks do not
 * count, as for PostgreSQL; its abbreviations such as "tru" are not accepted. All else is false,
 * after a line in the log. setting: named in these lines.
 */
bool account_read(const struct rows *, const char *setting, struct account *out);

/* The setting that decides how USER_BY_NAME or USER_BY_ID finds a user, to be named in the log. */
const char *accounts_setting(const struct config *, enum statement_number);
