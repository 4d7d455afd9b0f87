/*
 * Sessions (JWT_SESSIONS=on): each login has a row in PostgreSQL (sql/sessions.sql), without which
 * its tokens are invalid.
 *
 * The refresh tokens of a session are numbered by generation. Two numbers in the row decide whether
 * a refresh token is valid: gen, the newest generation that was issued, and held, the newest that
 * the client has shown. A client that received the last answer has gen; a client whose answer was
 * lost has held. The generations strictly between are void: their answers were lost, and the client
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
	char *swept_user, swept_sid[37]; /* the last row of sessions_sweep(); a UUID with hyphens */
};

#define SESSION_ID_SIZE 33 /* 32 lower-case hexadecimal digits and a NUL */

/* What a token says about its session, or what a new token must say. */
struct session {
	char sid[SESSION_ID_SIZE]; /* "": the token has no session */
	long gen;                  /* generation: from 1; 0 with sid "" */
	long seconds;              /* until it ends unless refreshed; only for a new token */
};

/* Where a login came from; members may be NULL. */
struct device {
	const char *address, *agent;
};

/* The rules of a kind of session. Lifetimes are in seconds. */
struct session_terms {
	const char *client; /* client_id; "": the browser at the provider; NULL: a password login */
	const char *sid;    /* of a session that begins; NULL: a random one */
	long life;          /* after the last refresh */
	long age;           /* after the login; 0: as long as `life` */
	long grace;         /* after a rotation: the token before gets the same generation again */
	long recovery;      /* after a rotation: a lost answer can be requested again; 0: never */
	bool rotate;        /* whether a refresh begins another generation */
};
struct session_terms session_password_terms(const struct config *);

/* For a login at a client. offline: with refresh tokens; else it lives as an access token does. */
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
 * Begins a session for an account whose password has just been verified. NO: the password was
 * changed, or the account deactivated, meanwhile. After a password login the user's sessions above
 * JWT_SESSION_MAX end.
 */
enum verdict sessions_begin(struct sessions *, struct arena *, const struct session_terms *,
    const struct account *, const struct device *, struct session *out);

/* The outcome of a refresh. */
enum session_outcome {
	SESSION_UNAVAILABLE, /* an outage */
	SESSION_OK,          /* a new generation, or within the grace period the same one again */
	SESSION_RECOVERED,   /* a new generation: the answer before was lost */
	SESSION_BEHIND,      /* a new generation: the database had lost the last ones */
	SESSION_CONVERTED,   /* the first generation: the token had no session */
	SESSION_REPLAYED,    /* a second holder has shown the token: the session was ended */
	SESSION_ENDED,       /* the session does not exist, or no longer */
	SESSION_EXPIRED,
	SESSION_NO_ACCOUNT, /* the user is gone or inactive */
	SESSION_AGAIN,      /* the row may be moved now; only from session_decide() */
};

/*
 * Refreshes the session of a refresh token. shown: what the token says. From SESSION_OK to
 * SESSION_CONVERTED *out is what the new tokens must say. The session of another client counts as
 * missing.
 */
enum session_outcome sessions_refresh(struct sessions *, struct arena *,
    const struct session_terms *, const char *user_id, const struct session *shown,
    struct session *out);

/* Whether a refresh with that token would succeed; changes nothing. */
enum verdict sessions_judge(struct sessions *, struct arena *, const struct session_terms *,
    const char *user_id, const struct session *shown);

/* The sid for a token without a session: derived from the token's text up to its last dot. */
void session_id_of_token(struct bytes token, char out[static SESSION_ID_SIZE]);

/* Refreshes a password login's token without a session, by beginning one. iat: of the token. */
enum session_outcome sessions_convert(struct sessions *, struct arena *, const char *user_id,
    struct bytes token, int64_t iat, const struct device *, struct session *out);

/*
 * Ends a session. NO: there is none of that id. After a lost connection it is YES, because the
 * first attempt may have ended it.
 */
enum verdict sessions_end(struct sessions *, struct arena *, const char *user_id, const char *sid);

/* Ends all sessions of a user except `keep`, which may be NULL. *count: how many ended. */
enum verdict sessions_end_all(
    struct sessions *, struct arena *, const char *user_id, const char *keep, long *count);

/*
 * Ends a user's sessions of password logins above JWT_SESSION_MAX. A failure does not concern the
 * login: the next one does it.
 */
void sessions_evict(struct sessions *, struct arena *, const char *user_id);

/* Deletes the expired ones of the next fifty rows: the logins that fill the table clean it. */
void sessions_sweep(struct sessions *, struct arena *);

/* A number of seconds as an interval of SQL. */
const char *session_interval(struct arena *, long seconds);

/* The sessions of a user, newest first, at most 1,000: the columns of SESSION_LIST. */
enum verdict sessions_list(
    struct sessions *, struct arena *, const char *user_id, struct rows *out);

/* What session_decide() judges when the row did not move; public for tests. */
struct session_state {
	bool user_is_active;
	bool exists, alive;         /* the row; alive: it has not expired */
	bool in_grace, in_recovery; /* since the last rotation */
	long gen, held;
};
enum session_outcome session_decide(const struct session_state *, long shown);
