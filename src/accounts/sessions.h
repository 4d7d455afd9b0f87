/*
 * Sessions of logins: a row in PostgreSQL for each (sql/sessions.sql), without which its tokens are
 * worth nothing. For JWT_SESSIONS=on.
 *
 * A session counts the generations of its refresh tokens. Two numbers in its row decide what
 * a refresh token is worth: gen, the newest generation that was given out, and held, the newest
 * that a client has shown. A client whose last answer arrived has gen, one whose answer was lost
 * has held. What lies strictly between is void: answers that were given up because their client
 * asked again with the token before.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"
#include "config/config.h"

#include <stdint.h>

struct database;
struct rows;
struct account;

struct sessions {
	const struct config *config;
	struct database *database;
	char *swept_user, swept_sid[37]; /* the last row that was swept; a UUID with hyphens */
};

#define SESSION_ID_SIZE 33 /* 32 lower-case hexadecimal digits and a NUL */

/* What a token says of its session, or what a new one has to say. */
struct session {
	char sid[SESSION_ID_SIZE]; /* "": the token has no session */
	long gen;                  /* generation: from 1; 0 with sid "" */
	long seconds;              /* until it ends, if it is not refreshed; of a new one only */
};

/* Where a login came from; members may be NULL. */
struct device {
	const char *address, *agent;
};

/* The rules of a kind of session. Lifetimes are in seconds. */
struct session_terms {
	const char *client; /* client_id; "": the browser at the provider; NULL: a password login */
	const char *sid;    /* of a session that begins; NULL: a random one */
	long life;          /* since the last refresh */
	long age;           /* since the login; 0: as long as `life` */
	long grace;         /* since a rotation: the token before gets the same generation */
	long recovery;      /* since a rotation: a lost answer may be asked for again; 0: never */
	bool rotate;        /* whether a refresh begins another generation */
};
struct session_terms session_password_terms(const struct config *);

/* Of a login at a client; `offline`: with refresh tokens, else it lives as an access token does. */
struct session_terms session_client_terms(
    const struct config *, const char *client_id, bool offline);

/* The database must outlive the result. */
struct sessions *sessions_open(const struct config *, struct database *);

/* Whether the text has the form of an id. */
bool session_is_id(struct bytes text);

/* A random id; false if the system has no random bytes. */
bool session_new_id(char out[static SESSION_ID_SIZE]);

/* An id made from a text: the first half of its SHA-256. */
void session_derive_id(struct bytes text, char out[static SESSION_ID_SIZE]);

/*
 * Opens a session for an account whose password has just been verified. NO: the password was
 * changed, or the account deactivated, meanwhile. Of password logins ends what JWT_SESSION_MAX does
 * not allow.
 */
enum verdict sessions_begin(struct sessions *, struct arena *, const struct session_terms *,
    const struct account *, const struct device *, struct session *out);

/* The outcome of a refresh. */
enum session_outcome {
	SESSION_UNAVAILABLE, /* an outage */
	SESSION_OK,          /* another generation, or within the grace the same one again */
	SESSION_RECOVERED,   /* another generation: the answer before was lost */
	SESSION_BEHIND,      /* another generation: the database had forgotten the last ones */
	SESSION_CONVERTED,   /* the first generation: the token had no session */
	SESSION_REPLAYED,    /* the token was shown by a second holder: the session was ended */
	SESSION_ENDED,       /* there is no such session any more */
	SESSION_EXPIRED,
	SESSION_NO_ACCOUNT, /* the user is gone or inactive */
	SESSION_AGAIN,      /* the row may be moved now; only of session_decide() */
};

/*
 * Refreshes the session of a refresh token; `shown` is what the token says. From SESSION_OK to
 * SESSION_CONVERTED *out is what the new tokens have to say. The session of another client is none.
 */
enum session_outcome sessions_refresh(struct sessions *, struct arena *,
    const struct session_terms *, const char *user_id, const struct session *shown,
    struct session *out);

/* Whether a refresh with that token would do; changes nothing. */
enum verdict sessions_judge(struct sessions *, struct arena *, const struct session_terms *,
    const char *user_id, const struct session *shown);

/*
 * The sid of the session that a token without one becomes: that of the token's text up to its last
 * dot.
 */
void sessions_derive_sid(struct bytes token, char out[static SESSION_ID_SIZE]);

/* The same for a password login's token without a session. iat: of the token. */
enum session_outcome sessions_convert(struct sessions *, struct arena *, const char *user_id,
    struct bytes token, int64_t iat, const struct device *, struct session *out);

/* Ends one session. NO: there is none of that id; YES, too, if the connection was lost meanwhile.
 */
enum verdict sessions_end(struct sessions *, struct arena *, const char *user_id, const char *sid);

/* Ends all sessions of a user, but the one of id `keep` unless that is NULL. *count: how many. */
enum verdict sessions_end_all(
    struct sessions *, struct arena *, const char *user_id, const char *keep, long *count);

/*
 * Ends sessions of password logins that JWT_SESSION_MAX does not allow. A failure is no failure of
 * the login: the next one does it.
 */
void sessions_evict(struct sessions *, struct arena *, const char *user_id);

/* Deletes expired rows among the next fifty: the table is swept by the logins that fill it. */
void sessions_sweep(struct sessions *, struct arena *);

/* A lifetime as SQL reads it. */
const char *session_interval(struct arena *, long seconds);

/* The sessions of a user, newest first, at most 1,000: the columns of SESSION_LIST. */
enum verdict sessions_list(
    struct sessions *, struct arena *, const char *user_id, struct rows *out);

/* What is decided from a row that did not move; for tests. */
struct session_state {
	bool user_is_active;
	bool exists, alive; /* the row; alive: neither its idle nor its absolute end is over */
	bool in_grace, in_recovery; /* since the last rotation */
	long gen, held;
};
enum session_outcome session_decide(const struct session_state *, long shown);
