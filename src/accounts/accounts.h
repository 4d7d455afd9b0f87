/*
 * Users: finding them, verifying their passwords, and the tables of tokens.
 *
 * Reads Django's auth_user (or JWT_USER_TABLE, or what JWT_USER_QUERY says) and writes two of its
 * columns: password when a login renews the hash (JWT_PASSWORD_REHASH), last_login
 * (JWT_UPDATE_LAST_LOGIN).
 */
#ifndef ACCOUNTS_ACCOUNTS_H
#define ACCOUNTS_ACCOUNTS_H

#include "accounts/feed.h"
#include "base/bytes.h"
#include "base/verdict.h"
#include "config/config.h"

struct accounts;
struct clients;

/* In the request's arena. */
struct account {
	const char *user_id;  /* of JWT_USER_ID_FIELD: what goes into a token */
	bool user_id_integer; /* whether that column holds integers */
	const char *key;      /* the primary key, to which other tables refer */
	const char *name; /* of JWT_USERNAME_FIELD; NULL if JWT_USER_QUERY gives no fifth column */
	const char *password; /* the stored string; NULL if there is none */
	bool active;
	bool ended; /* of account_judge() only: the token's session is over */
	/* After a NO of account_authenticate(), why: for the log only, never for a client.
	 */
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
 * Whether login and password are those of an active account. login and password are UTF-8 without
 * NUL. A login renews the stored hash as JWT_PASSWORD_REHASH says.
 *
 * Every NO costs the same, whether the user is unknown, inactive, without a usable password or the
 * password is wrong: as much as the dearest hash that this process has verified, and at least
 * JWT_PBKDF2_ITERATIONS. What a client can learn from response times: until a process has verified
 * a dearer hash than the setting's, the owner of such a hash is refused later than an unknown name
 * is. Where hashes of SHA-crypt or MD5-crypt, which take longer for longer passwords, are the
 * dearest, the owner of a cheaper one can be told by the first refusal of a password of another
 * length.
 */
enum verdict account_authenticate(struct accounts *, struct arena *, struct bytes login,
    struct bytes password, struct account *out);

/* The account of a token, whether active or not. NO: there is none. user_id: UTF-8 without NUL. */
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

/* The clients that were read last (accounts/clients.h). */
struct clients *accounts_clients(struct accounts *);

/* The connection that all of an account's questions go over. */
struct database *accounts_database(struct accounts *);

/* The change feed of the accounts; NULL: there is none. */
struct feed *accounts_changes(struct accounts *);

/*
 * account_find() for a token with JWT_SESSIONS. out->ended: the session is over or the token's
 * generation is void; for a token without a session (sid NULL): all sessions of the user were ended
 * after `earliest`, in seconds since the epoch.
 */
enum verdict account_judge(struct accounts *, struct arena *, const struct known_owner *,
    int64_t earliest, struct account *out);

/* What the change feed is doing, for metrics. */
struct feed_state accounts_feed(const struct accounts *);

/* Upper-case hex of the MD5 of the stored string: SimpleJWT's REVOKE_TOKEN_CLAIM. */
const char *account_password_digest(struct arena *, const struct account *);

/* Sets last_login to now; a failure is an outage. */
enum verdict account_logged_in(struct accounts *, struct arena *, const struct account *);

/* Refresh and sliding tokens in the tables of SimpleJWT's token_blacklist app. */
struct token_record {
	const char *jti, *token; /* its id, and the whole text as Django stores it */
	int64_t expires_at;      /* seconds since the epoch */
	const char *user_key;    /* account.key; NULL, or of a deleted user: stored as NULL */
	bool created_now;        /* whether created_at is now or NULL */
};

/* Adds an outstanding token; YES also if it is there already. */
enum verdict token_outstanding(struct accounts *, struct arena *, const struct token_record *);

/* Whether a token of that id is blacklisted. */
enum verdict token_blacklisted(struct accounts *, struct arena *, const char *jti);

/* Blacklists the outstanding token of that id. Of several at once one has YES, the rest NO. */
enum verdict token_blacklist(struct accounts *, struct arena *, const char *jti);

#endif
