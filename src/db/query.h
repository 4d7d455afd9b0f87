/*
 * Queries to PostgreSQL over one connection, which is opened when it is needed, with a deadline for
 * each query.
 *
 * Statements come from a table; parameters and results are text. The first use of a statement is
 * sent unprepared (a CGI process has no second one); then it is prepared under a name derived from
 * its SQL. Behind a pooler that loses prepared statements (PgBouncer in transaction mode) queries
 * go on without them. No other state is kept on the connection.
 */
#pragma once

#include "base/arena.h"
#include "base/verdict.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

struct database;

enum statement_kind {
	ONCE,       /* may have another effect when repeated: not after a lost connection */
	REPEATABLE, /* a repeat is safe */
	LOOKUP,     /* a repeat is safe; a parameter that its column cannot hold finds no row */
};

struct statement {
	const char *sql;
	int parameters; /* their number */
	enum statement_kind kind;
};

/* The type of a column. */
enum column_type {
	TYPE_OTHER,
	TYPE_TEXT,    /* also types that are not built in: citext, an enum, a domain */
	TYPE_PADDED,  /* character(n), padded with blanks, which a cast to text removes */
	TYPE_INTEGER, /* smallint, integer, bigint */
	TYPE_NUMERIC,
	TYPE_BOOLEAN,
	TYPE_UUID,
};

#define STATEMENTS_MAXIMUM 48 /* in a table */
#define COLUMNS_MAXIMUM    16

/* A result, in the arena. Columns beyond the maximum are left out. */
struct rows {
	size_t count, columns, parameters; /* parameters: from query_describe() only */
	const char **values;               /* row by row (query_row()); NULL is SQL's NULL */
	const char **names; /* of all columns, then NULL; from query_describe() only */
	enum column_type types[COLUMNS_MAXIMUM];
};

/*
 * Does not connect yet: the database may start later than the program. JWT_DATABASE_URL,
 * DATABASE_URL and libpq's PG* variables say where it is; NULL, after a line in the log, if a URL
 * is invalid. program: the application_name; it and the table must outlive the result, which lives
 * as long as the process. milliseconds: the time for one query.
 */
struct database *query_open(
    const struct config *, const char *program, const struct statement *table, long milliseconds);

/*
 * Executes a statement of the table. YES: *out (unless NULL) has at least one row. NO: no row.
 * UNDECIDED: an error or no answer before the deadline, after a line in the log.
 *
 * After a lost connection it connects again and repeats the statement if that is safe. A statement
 * that PostgreSQL has rolled back (40001, 40P01) is repeated too. After a missed deadline, queries
 * wait only half a second each, until one is answered or five seconds have passed.
 */
enum verdict query_ask(struct database *, struct arena *, size_t statement,
    const char *const *parameters, struct rows *out);

/* The values of a row. */
static inline const char **
query_row(const struct rows *rows, size_t row)
{
	return rows->values + row * rows->columns;
}

/* Whether the value of a boolean column is true; NULL is not. */
static inline bool
query_is_true(const char *value)
{
	return value != NULL && *value == 't';
}

/* Removes the first columns, values and types, from the first row; other rows are lost. */
void query_cut(struct rows *, size_t columns);

/* Logs errors of this statement under the setting that its SQL comes from; NULL: "database". */
void query_name(struct database *, size_t statement, const char *setting);

/* The number of connections opened so far: shows whether the last answer came over a new one. */
unsigned query_generation(const struct database *);

/*
 * Whether an earlier attempt of the last query lost the connection. That attempt may have executed
 * the statement, so that the repeat found no row.
 */
bool query_repeated(const struct database *);

/*
 * Whether the connection is open, as far as the last query could tell. SQL errors do not close it.
 */
bool query_connected(const struct database *);

/*
 * Prepares a statement of the table in order to check it. YES: *out has its columns and no rows; a
 * statement without SQL has no columns. NO: *fault is the reason, in the arena: something that the
 * statement names is missing, its number of parameters differs, or, with `rights`, the role may not
 * execute it. UNDECIDED: as for query_ask().
 */
enum verdict query_describe(struct database *, struct arena *, size_t statement, bool rights,
    struct rows *out, const char **fault);

/* Closes the connection; the next query opens another one. */
void query_close(struct database *);
