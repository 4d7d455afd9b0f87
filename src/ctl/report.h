/*
 * The output of a subcommand: rows of the same columns, as a table or as JSON.
 */
#pragma once

#include "ctl/command.h"
#include "db/query.h"

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* of its digits */
	COLUMN_BOOL,   /* "true" or "false"; people read yes or no */
	COLUMN_TIME,   /* seconds since the epoch; people read a date, UTC */
};

struct column {
	const char *name; /* the member in JSON; people read it in capitals */
	enum column_kind kind;
};

/* columns: at most COLUMNS_MAXIMUM of db/query.h; a NULL name ends them. */
struct report {
	const struct invocation *invocation;
	const struct column *columns;
	struct json_object *rows;
};

struct report report_new(const struct invocation *, const struct column *);

/* One row; the cells in the columns' order, as many. NULL: null, for people a dash. */
void report_add(struct report *, const char *const *cells);

/* The rows that a query found, each without its first `skipped` columns. */
void report_add_rows(struct report *, const struct rows *, size_t skipped);

/* Each of these prints and returns OUTCOME_YES, for the end of a subcommand. */

/* A JSON array of objects, or an aligned table under a line of names (nothing without a row). */
enum outcome report_list(const struct report *);

/* The only row: a JSON object, or "name: value" lines. */
enum outcome report_one(const struct report *);

/* The same of a report with these cells. */
enum outcome report_row(const struct invocation *, const struct column *, const char *const *cells);

/*
 * The end of a subcommand about a user, client or the like of that name: NO is said on standard
 * error.
 */
enum outcome report_missing(
    const struct invocation *, enum verdict, const char *kind, const char *name);

/* Text from outside, for people: control characters are escaped. */
const char *report_printable(struct arena *, const char *text);

/* "2026-11-21 22:00:00Z" */
const char *report_date(struct arena *, int64_t seconds);

/* Digits of a number, for a cell. */
const char *report_number(struct arena *, int64_t);
