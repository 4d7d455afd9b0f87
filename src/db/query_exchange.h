/*
 * For query*.c: what passes between this process and the server on one connection.
 */
#pragma once

#include "db/connection.h"
#include "db/query.h"

/* How it ended. */
enum exchange {
	ANSWERED,
	FAILED,    /* as MISSING, LATE and LOST after a line in the log */
	MISSING,   /* an error of the statement, such as a table that is not there */
	LATE,      /* no answer in time; the connection is closed */
	LOST,      /* the connection was lost: the statement may have been carried out */
	TRY_AGAIN, /* the statement was not carried out, and would be now */
};

struct database {
	const char *program;
	struct url_options options;
	const struct statement *table;
	const char *settings[STATEMENTS_MAXIMUM]; /* that they are from; NULL: they are ours */
	const char *names[STATEMENTS_MAXIMUM];    /* NULL: not used yet */
	long milliseconds;
	int64_t suspect_until; /* 0, or the end of the time with short deadlines */

	PGconn *connection; /* NULL, or connected as far as we know */
	unsigned generation;
	bool repeated; /* the connection was lost at an attempt of the last query */
	bool used[STATEMENTS_MAXIMUM], prepared[STATEMENTS_MAXIMUM]; /* on this connection */
	bool unprepared; /* a pooler between us and the server does not keep prepared statements */
	bool outdated;   /* a table was altered under a prepared statement */
	int64_t deadline;
};

/* One statement with its parameters. */
struct query {
	const struct statement *statement;
	const char *const *parameters;
	struct arena *arena;
	struct rows *rows;
	const char **fault; /* if not NULL: takes what is an error of the statement itself */
};

/* Opens the connection unless there is one. */
enum exchange query_connect(struct database *, const struct query *);

/*
 * Reads all results of what was sent; the rows are those of the last one that has any. sent: what
 * libpq said when it was to send it.
 */
enum exchange query_receive(struct database *, const struct query *, int sent);
