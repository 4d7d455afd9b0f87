/*
 * Internal to query*.c: one exchange with the server on the connection.
 */
#pragma once

#include "db/query.h"
#include "db/url.h"

#include <libpq-fe.h>

/* How it ended. All but ANSWERED and TRY_AGAIN are logged, or reported in the query's fault. */
enum exchange {
	ANSWERED,
	FAILED,
	MISSING,   /* a fault of the statement, such as a missing table */
	LATE,      /* no answer before the deadline; the connection is closed */
	LOST,      /* the connection is closed; the statement may have been executed */
	TRY_AGAIN, /* the statement was not executed; it may succeed if it is sent again */
};

struct database {
	const char *program;
	struct url_options options;
	const struct statement *table;
	const char *settings[STATEMENTS_MAXIMUM]; /* by query_name() */
	const char *names[STATEMENTS_MAXIMUM];    /* of prepared statements; NULL: not used yet */
	long milliseconds;
	int64_t suspect_until; /* 0, or until when deadlines are short */

	PGconn *connection;  /* NULL, or open as far as we know */
	unsigned generation; /* number of connections opened so far */
	bool repeated;       /* an attempt of the last query lost the connection */
	bool used[STATEMENTS_MAXIMUM], prepared[STATEMENTS_MAXIMUM]; /* on this connection */
	bool unprepared; /* a pooler does not keep prepared statements */
	bool outdated;   /* a table was altered after a statement was prepared */
	int64_t deadline;
};

/* One statement with its parameters. */
struct query {
	const struct statement *statement;
	const char *const *parameters;
	struct arena *arena;
	struct rows *rows;
	const char **fault; /* unless NULL, gets the reason of MISSING, which is then not logged */
};

/* Opens the connection unless it is open: ANSWERED, LATE or FAILED. */
enum exchange query_connect(struct database *, const struct query *);

/*
 * Reads all results; the query's rows are those of the last result that is no error. sent: the
 * return value of libpq's PQsend...(); other than 1 it is LOST.
 */
enum exchange query_receive(struct database *, const struct query *, int sent);
