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
	STATEMENTS_NEEDED, /* the programs cannot do without those before; they can without these */

	/* Both: server start or crash, snapshot, triggers, whether the feed can be used, id of a
	   changed user */
	FEED_START = STATEMENTS_NEEDED, /* table, arguments of its triggers -> one row, no id */
	FEED_CHANGES, /* the same, snapshot of the last question -> one row or more */
	STATEMENT_COUNT,
};

/* STATEMENT_COUNT statements, in the arena; those that the settings never use have no text. */
const struct statement *statements_make(struct arena *, const struct config *);

/* A name between double quotes; a dot separates schema and table. */
const char *statements_quote(struct arena *, const char *name);

#endif
