/*
 * Queries to PostgreSQL: one connection, opened when it is needed, and a deadline for each query.
 *
 * Each statement of a table is sent with text parameters and answered with rows of text. The first
 * use of a statement goes unprepared (a CGI process has no second one), from then on it is prepared
 * under a name made from its text. Behind a pooler that loses prepared statements (PgBouncer in
 * transaction mode) queries go on without them. The connection keeps no state of ours.
 */
#pragma once

#include "base/arena.h"
#include "base/verdict.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

struct database;

enum statement_kind {
	ONCE,       /* a repeat may do more than the statement alone: not after a lost connection */
	REPEATABLE, /* a repeat is safe */
	LOOKUP,     /* the same; a parameter that its column cannot hold finds no row */
};

struct statement {
	const char *sql;
	int parameters;
	enum statement_kind kind;
};

/* Of a column, by the object id of its type. */
enum column_type {
	TYPE_OTHER,
	TYPE_TEXT,    /* also types that are not PostgreSQL's own: citext, an enum, a domain */
	TYPE_PADDED,  /* character(n): blanks at the end, which a cast to text removes */
	TYPE_INTEGER, /* smallint, integer, bigint */
	TYPE_NUMERIC,
	TYPE_BOOLEAN,
	TYPE_UUID,
};

#define STATEMENTS_MAXIMUM 48 /* of a table */
#define COLUMNS_MAXIMUM    16

/* In the arena. Columns beyond the maximum are left out. */
struct rows {
	size_t count, columns, parameters; /* parameters: of query_describe() only */
	const char **values;               /* row by row, text; NULL is SQL's NULL */
	const char **names; /* of all columns, a NULL at the end: of query_describe() only */
	enum column_type types[COLUMNS_MAXIMUM];
};

/*
 * Does not connect yet: the database may come later than the program. The connection is what
 * JWT_DATABASE_URL, DATABASE_URL and libpq's PG* variables say; NULL, after a line in the log, if
 * that is not understood. program: application_name; it and the table must outlive the result.
 * milliseconds: for one query.
 */
struct database *query_open(
    const struct config *, const char *program, const struct statement *table, long milliseconds);

/*
 * Sends a statement of the table. YES: *out (unless NULL) has one row or more. NO: no row.
 * UNDECIDED: an error or no answer within the deadline, after a line in the log.
 *
 * A lost connection is opened again and the statement repeated where that is safe; so is one that
 * PostgreSQL has rolled back (40001, 40P01). After a missed deadline a query waits for half a
 * second only, until an answer has come or five seconds are over.
 */
enum verdict query_ask(struct database *, struct arena *, size_t statement,
    const char *const *parameters, struct rows *out);

/* Whether a value is true, for a boolean column; NULL is not. */
static inline bool
query_is_true(const char *value)
{
	return value != NULL && *value == 't';
}

/* Cuts the first columns off, values and types; further rows are lost. */
void query_cut(struct rows *, size_t columns);

/* Errors of this statement are logged under the setting that its text is from. */
void query_name(struct database *, size_t statement, const char *setting);

/* The number of connections opened so far: it tells whether the last answer came over a new one. */
unsigned query_generation(const struct database *);

/*
 * Whether the connection was lost at an attempt before the last answer: that attempt may have
 * carried the statement out, so that the repeat found no row.
 */
bool query_repeated(const struct database *);

/* Whether there is a connection, as far as the last query could tell: an error of SQL leaves it. */
bool query_connected(const struct database *);

/*
 * Prepares a statement of the table to check it. YES: *out has its columns and no rows; also for a
 * statement without a text, which has no columns. NO: *fault is the reason, in the arena: what it
 * names is missing, it has another number of parameters, or, if `rights`, the role may
 * not execute it. UNDECIDED: as for query_ask().
 */
enum verdict query_describe(struct database *, struct arena *, size_t statement, bool rights,
    struct rows *out, const char **fault);

/* Closes the connection; the next query opens another one. */
void query_close(struct database *);
