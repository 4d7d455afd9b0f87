/*
 * For query*.c: what passes between this process and the server on one connection.
 */
#pragma once

#include "db/query.h"
#include "db/url.h"

#include <libpq-fe.h>

/* How an exchange ended; all but ANSWERED and TRY_AGAIN are in the log, or in the query's fault. */
enum exchange {
	ANSWERED,
	FAILED,
	MISSING,   /* an error of the statement, such as a table that is not there */
	LATE,      /* no answer before the deadline; the connection is closed */
	LOST,      /* the connection is closed; the statement may have been executed */
	TRY_AGAIN, /* the statement was not executed; it may succeed if it is sent again */
};

struct database {
	const char *program;
	struct url_options options;
	const struct statement *table;
	const char *settings[STATEMENTS_MAXIMUM]; /* that a statement is from; NULL: it is ours */
	const char *names[STATEMENTS_MAXIMUM];    /* of prepared statements; NULL: not used yet */
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
	const char **fault; /* if not NULL: set to the reason of MISSING, which is not logged */
};

/* Opens the connection unless there is one: ANSWERED, LATE or FAILED. */
enum exchange query_connect(struct database *, const struct query *);

/*
 * Reads all results of what was sent; the rows are those of the last result without an error.
 * sent: what libpq's PQsend...() returned; not 1 is LOST.
 */
enum exchange query_receive(struct database *, const struct query *, int sent);
