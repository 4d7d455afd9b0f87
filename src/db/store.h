/*
 * Questions to PostgreSQL, each with a deadline: one connection, asynchronous, reconnecting.
 *
 * The requests that a process has in hand share it. While one question is on its way others gather,
 * and what only reads of them goes in one piece (libpq's pipeline mode), for about the price of
 * one.
 *
 * Each statement of a module's table is asked with text parameters and answered with at most one
 * row of text. The first use of a statement goes unprepared (a CGI process has no second), from
 * then on it is prepared under a name made from its text; behind a pooler that loses prepared
 * statements (PgBouncer in transaction mode) the store notices and goes on without them. No session
 * state.
 */
#ifndef DB_STORE_H
#define DB_STORE_H

#include "base/bytes.h"
#include "base/verdict.h"

struct store;

enum statement_kind {
	ONCE,       /* asking it twice may do more than asking it once: it is never retried */
	REPEATABLE, /* it may be retried */
	LOOKUP,     /* it only reads; a parameter that its column cannot hold finds no row */
};

struct statement {
	const char *sql;
	int parameters;
	enum statement_kind kind;
};

#define ROW_MAXIMUM 8

struct row {
	const char *values[ROW_MAXIMUM]; /* text in the arena; NULL is SQL's NULL */
	bool integer[ROW_MAXIMUM]; /* whether the column's type is smallint, integer or bigint */
	int count;
};

/*
 * Connects to nothing yet: the database may come later than the program. The connection is what
 * libpq's PG* variables say. The table must outlive the store. milliseconds: for one question.
 */
struct store *store_new(const char *program, const struct statement *table, long milliseconds);

/*
 * Asks a statement of the table. VERDICT_YES: a row in *out (unless NULL). VERDICT_NO: no row.
 * VERDICT_UNDECIDED: no answer within the deadline or an error, after a line in the log; those that
 * waited behind the same silence share one. A store that had no answer in time is suspect for five
 * seconds: until they are over, or an answer has come, its questions wait for half a second only.
 */
enum verdict store_ask(struct store *, struct arena *, size_t statement,
    const char *const *parameters, struct row *out);

/*
 * Prepares every statement that has a text, to check it against the tables. NO: one of them cannot
 * be, after a line in the log that names what is missing and gives the advice. UNDECIDED: the
 * database is away.
 */
enum verdict store_check(struct store *, struct arena *, size_t count, const char *advice);

#endif
