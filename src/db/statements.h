/*
 * Every SQL statement of the project, made once from the settings.
 */
#pragma once

#include "config/config.h"
#include "db/query.h"

enum statement_number {
	USER_BY_NAME,      /* login -> id, password, active, primary key, login */
	USER_BY_ID,        /* id -> the same */
	PASSWORD_STORE,    /* key, new, old -> a row if the old one stood there */
	LAST_LOGIN,        /* key */
	TOKEN_OUTSTANDING, /* user, jti, token, expires_at, created now */
	TOKEN_BLACKLISTED, /* jti -> a row if it is */
	TOKEN_BLACKLIST,   /* jti -> a row if it was not yet */
	PERMISSION,        /* id, permission, path, method -> whether the user has it */
	SEQUENCES, /* -> the name of each sequence of the token tables that may not be used */

	/* Both: server start or crash, snapshot, triggers, whether the feed can be used, triggers
	   of sql/permissions.sql (NULL: not asked for, or not all of them are there), id of a
	   changed user, sid if it was one session that changed */
	FEED_START,   /* table, arguments of its triggers, whether permissions -> one row, no id */
	FEED_CHANGES, /* the same, snapshot of the last question -> one row or more */

	/* Only with JWT_SESSIONS: sql/sessions.sql. key is an id as the user's row has it, user the
	 * same as text; lifetimes and the like are intervals. */
	SESSION_BEGIN,   /* key, hash, sid, life, age, address, agent, client -> seconds left */
	SESSION_CONVERT, /* key, user, sid, life, age, address, agent, earliest -> seconds left */
	SESSION_REFRESH, /* key, user, sid, gen, life, grace, recovery, behind, client -> gen,
			  * seconds left */
	SESSION_STATE,   /* key, user, sid, grace, recovery, client -> active, gen, held, in grace,
			  * in recovery, alive, seconds left */
	SESSION_END,     /* user, sid, gen that is older or NULL -> a row if there was one */
	SESSION_END_ALL, /* user, sid that stays or NULL -> how many */
	SESSION_END_EVERY, /* -> how many */
	SESSION_EVICT,     /* user, how many may stay -> sids */
	SESSION_SWEEP,     /* user, sid of the last row seen -> the same; no row: begin again */
	SESSION_JUDGE, /* key, user, sid or NULL, earliest -> gen, held, unended, as USER_BY_ID */
	SESSION_KEEP,  /* time for which changes must be kept -> how long they are, long enough */
	SESSION_LIST,  /* user -> sid, created, rotated, expires, address, agent, client */

	/* Only with JWT_OIDC_ISSUER: sql/oidc.sql. Lists of words are separated by spaces; a code
	 * is its hash; challenge and nonce may be NULL. */
	CLIENT_FIND,   /* client -> name, secret, redirect URIs, those after a logout, scopes,
			* algorithm, audience, native, PKCE required, first party */
	CONSENT_FIND,  /* user, client, scopes -> a row if all are consented to */
	CONSENT_STORE, /* user, client, scopes -> a row */
	CODE_CREATE,  /* key, user, code, client, scopes, redirect URI, challenge, nonce, sid of the
		       * browser, life, time -> whether the browser's session, which is alive, was
		       * not seen for that time */
	CODE_SWEEP,   /* no row */
	CODE_READ,    /* code, client, challenge, redirect URI, time -> user, scopes, nonce, login
		       * (seconds since the epoch), sid if it was redeemed, end of that time */
	CODE_REDEEM,  /* key, code, sid, life, age, end -> seconds left, as USER_BY_ID */
	BROWSER_FIND, /* key, user, sid, time -> login, whether it was not seen for that time, as
		       * USER_BY_ID */
	BROWSER_SEEN, /* user, sid, idle, time -> a row if it was not seen for that time */
	PROFILE,      /* as CLAIMS */

	/* The operator's own: id -> the row as a JSON object, NULL if there is none. The _TEXTs
	 * are described to find what the others hide, and never sent. */
	CLAIMS,
	LOGIN_ANSWER,
	PERMISSION_TEXT,
	CLAIMS_TEXT,
	LOGIN_ANSWER_TEXT,
	PROFILE_TEXT,
	STATEMENT_COUNT,
};

/*
 * A query for a user id, the operator's or the project's, as a statement that returns its row as
 * JSON. PostgreSQL refuses a second row.
 */
struct statement statements_row(struct arena *, const char *query);

/* STATEMENT_COUNT statements, in the arena; those that the settings never use have no text. */
const struct statement *statements_make(struct arena *, const struct config *);

/* A name between double quotes; a dot separates schema and table. */
const char *statements_quote(struct arena *, const char *name);
