/*
 * Every SQL statement of the programs, made once from the settings.
 */
#pragma once

#include "config/config.h"
#include "db/query.h"

/*
 * Parameters -> columns of the result. accounts_check.c finds the script that makes a missing table
 * by the order: statements of sessions from SESSION_BEGIN, of OpenID Connect from CLIENT_FIND, the
 * operator's queries alone from CLAIMS_TEXT.
 */
enum statement_number {
	USER_BY_NAME,      /* login -> id, password, active, primary key, login */
	USER_BY_ID,        /* id -> the same */
	PASSWORD_STORE,    /* key, new, old -> a row if the old one was still stored */
	LAST_LOGIN,        /* key */
	TOKEN_OUTSTANDING, /* user, jti, token, expires_at, created now */
	TOKEN_BLACKLISTED, /* jti -> a row if it is blacklisted */
	TOKEN_BLACKLIST,   /* jti -> a row if it was outstanding and not blacklisted */
	PERMISSION,        /* id, permission, path, method -> whether the user has it */
	SEQUENCES, /* -> the name of each sequence of the token tables that the role may not use */

	/* Both -> when the server started or crashed, snapshot, triggers, whether the feed can be
	 * used, triggers of sql/permissions.sql (NULL: not asked for, or not all there), id of a
	 * changed user, sid if only one session changed */
	FEED_START,   /* table, arguments of its triggers, whether permissions -> one row, no id */
	FEED_CHANGES, /* the same, snapshot of the last query -> one row or more */

	/* Only with JWT_SESSIONS: sql/sessions.sql. key is a user's id in the type of its column,
	 * user the same as text; times such as life and grace are intervals. */
	SESSION_BEGIN,   /* key, hash, sid, life, age, address, agent, client -> seconds left */
	SESSION_CONVERT, /* key, user, sid, life, age, address, agent, earliest -> seconds left */
	SESSION_REFRESH, /* key, user, sid, gen, life, grace, recovery, behind, client -> gen,
			  * seconds left */
	SESSION_STATE,   /* key, user, sid, grace, recovery, client -> active, gen, held, in grace,
			  * in recovery, alive, seconds left */
	SESSION_END,     /* user, sid, gen or NULL: only if newer -> a row if it was ended */
	SESSION_END_ALL, /* user, sid that stays or NULL -> how many ended */
	SESSION_END_EVERY, /* -> how many ended */
	SESSION_EVICT,     /* user, how many may stay -> sids of those that ended */
	SESSION_SWEEP,     /* user, sid of the last row seen -> the same; no row: start over */
	SESSION_JUDGE, /* key, user, sid or NULL, earliest -> gen, held, unended, as USER_BY_ID */
	SESSION_KEEP,  /* least time -> for how long changes are kept, whether that suffices */
	SESSION_LIST,  /* user -> sid, created, rotated, expires, address, agent, client */

	/* Only with JWT_OIDC_ISSUER: sql/oidc.sql. Lists of words are separated by spaces; a code
	 * is its hash; challenge and nonce may be NULL. */
	CLIENT_FIND,   /* client -> name, secret, redirect URIs, those after a logout, scopes,
			* algorithm, audience, native, PKCE required, first party, introspect */
	CONSENT_FIND,  /* user, client, scopes -> a row if all are consented to */
	CONSENT_STORE, /* user, client, scopes -> a row */
	CODE_CREATE,  /* key, user, code, client, scopes, redirect URI, challenge, nonce, sid of the
		       * browser, life, time -> whether the browser's session, which is alive, was
		       * not seen for that time */
	CODE_SWEEP,   /* -> no row */
	CODE_READ,    /* code, client, challenge, redirect URI, time -> user, scopes, nonce, login
		       * (seconds since the epoch), sid if it was redeemed, end of that time */
	CODE_REDEEM,  /* key, code, sid, life, age, end -> seconds left, as USER_BY_ID */
	BROWSER_FIND, /* key, user, sid, time -> login, whether it was not seen for that time, as
		       * USER_BY_ID */
	BROWSER_SEEN, /* user, sid, idle, time -> a row if it was not seen for that time */
	PROFILE,      /* as CLAIMS */

	/* The operator's queries: id -> the row as a JSON object, NULL if there is none. A _TEXT is
	 * the query alone, to be described: the statement around it would hide its faults. */
	CLAIMS,
	LOGIN_ANSWER,
	PERMISSION_TEXT,
	CLAIMS_TEXT,
	LOGIN_ANSWER_TEXT,
	PROFILE_TEXT,
	STATEMENT_COUNT,
};

/*
 * A statement that returns the row of a query as JSON. query: has the user id as its parameter; a
 * second row is an error.
 */
struct statement statements_row(struct arena *, const char *query);

/* STATEMENT_COUNT statements, in the arena; those that the settings never use have no SQL. */
const struct statement *statements_make(struct arena *, const struct config *);

/* A name in double quotes; a dot separates schema and table. */
const char *statements_quote(struct arena *, const char *name);
