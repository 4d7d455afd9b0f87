/*
 * The output of a subcommand: rows of the same columns, as a table or as JSON.
 */
#pragma once

#include "ctl/command.h"
#include "db/query.h"

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* an integer */
	COLUMN_BOOL,   /* "true" or "false"; shown to people as yes or no */
	COLUMN_TIME,   /* seconds since the epoch; shown to people as a date in UTC */
};

struct column {
	const char *name; /* the member in JSON; a table shows it in capitals */
	enum column_kind kind;
};

/* columns: at most COLUMNS_MAXIMUM of db/query.h; a NULL name ends them. */
struct report {
	const struct invocation *invocation;
	const struct column *columns;
	struct json_object *rows;
};

struct report report_new(const struct invocation *, const struct column *);

/* Adds a row, with a cell for each column, as text. NULL: null, shown to people as a dash. */
void report_add(struct report *, const char *const *cells);

/* Adds the rows of a query, each without its first `skipped` columns. */
void report_add_rows(struct report *, const struct rows *, size_t skipped);

/* The next three print and return OUTCOME_YES, for the end of a subcommand. */

/* Prints a JSON array of objects, or an aligned table under a line of names; no rows, no line. */
enum outcome report_list(const struct report *);

/* Prints the only row: a JSON object, or lines "name: value". */
enum outcome report_one(const struct report *);

/* report_one() of a row with these cells. */
enum outcome report_row(const struct invocation *, const struct column *, const char *const *cells);

/*
 * The outcome of a subcommand about one user, client or the like; NO is reported on standard error:
 * "there is no user alice".
 */
enum outcome report_missing(
    const struct invocation *, enum verdict, const char *kind, const char *name);

/* Text from outside for a terminal: control characters are escaped. */
const char *report_printable(struct arena *, const char *text);

/* "2026-11-21 22:00:00Z" */
const char *report_date(struct arena *, int64_t seconds);

/* A number as the text of a cell. */
const char *report_number(struct arena *, int64_t);
