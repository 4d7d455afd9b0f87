/*
 * Every SQL statement of the project, made once from the settings.
 */
#ifndef DB_STATEMENTS_H
#define DB_STATEMENTS_H

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
	SEQUENCES, /* -> the name of each sequence of the token tables that may not be used */

	/* Both: server start or crash, snapshot, triggers, whether the feed can be used, id of a
	   changed user, sid if it was one session that changed */
	FEED_START,   /* table, arguments of its triggers -> one row, no id */
	FEED_CHANGES, /* the same, snapshot of the last question -> one row or more */

	/* Only with JWT_SESSIONS: sql/sessions.sql. key is an id as the user's row has it, user the
	 * same as text; lifetimes and the like are intervals. */
	SESSION_BEGIN,   /* key, hash, sid, life, age, address, agent -> seconds left */
	SESSION_CONVERT, /* key, user, sid, life, age, address, agent, earliest -> seconds left */
	SESSION_REFRESH, /* key, user, sid, gen, life, grace, recovery, behind -> gen, seconds left
			  */
	SESSION_STATE,   /* key, user, sid, grace, recovery -> active, gen, held, in grace,
			  * in recovery, alive, seconds left */
	SESSION_END,     /* user, sid, gen that is older or NULL -> a row if there was one */
	SESSION_END_ALL, /* user, sid that stays or NULL -> how many */
	SESSION_END_EVERY, /* -> how many */
	SESSION_EVICT,     /* user, how many may stay -> sids */
	SESSION_SWEEP,     /* user, sid of the last row seen -> the same; no row: begin again */
	SESSION_JUDGE, /* key, user, sid or NULL, earliest -> gen, held, unended, as USER_BY_ID */
	SESSION_KEEP,  /* time for which changes must be kept -> how long they are, long enough */
	SESSION_LIST,  /* user -> sid, created, rotated, expires, address, agent */
	STATEMENT_COUNT,
};

/* STATEMENT_COUNT statements, in the arena; those that the settings never use have no text. */
const struct statement *statements_make(struct arena *, const struct config *);

/* A name between double quotes; a dot separates schema and table. */
const char *statements_quote(struct arena *, const char *name);

#endif
