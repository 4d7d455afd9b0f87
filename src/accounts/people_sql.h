/*
 * The SQL of people.c, made from the settings and from what the table of users has.
 */
#ifndef ACCOUNTS_PEOPLE_SQL_H
#define ACCOUNTS_PEOPLE_SQL_H

#include "config/config.h"
#include "db/query.h"

enum people_statement {
	PEOPLE_CATALOGUE, /* table -> a row for each column, for people_sql_read() */
	PEOPLE_ADD,       /* name, password, email, staff, superuser -> a row if it was added */
	PEOPLE_FIND,      /* name -> PERSON_CELLS columns */
	PEOPLE_SET_PASSWORD,
	PEOPLE_SET_ACTIVE,
	PEOPLE_RENAME, /* name, new name */
	PEOPLE_DELETE, /* name */
	PEOPLE_LIST,   /* how many to pass over -> as PEOPLE_FIND */
	PEOPLE_HASHES, /* -> count, one of these stored strings */
	PEOPLE_STATEMENTS,
};

/* The table of users, as the catalogue has it. */
struct people_table {
	const struct config *config;
	struct rows columns;
	bool utf8;
	bool lists_tokens; /* token_blacklist_outstandingtoken refers to it */
};

extern const struct statement people_sql_catalogue;

void people_sql_read(struct people_table *, const struct config *, const struct rows *catalogue);

/* The type of a column; NULL if there is none of that name. */
const char *people_sql_column(const struct people_table *, const char *name);

/* Fills in all statements but the first; their texts are in the arena. */
void people_sql_make(const struct people_table *, struct arena *, struct statement *out);

#endif
