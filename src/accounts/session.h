/*
 * One session with PostgreSQL: a connection, made when it is needed, and the statements that were
 * prepared on it. Each call is one attempt; what to do about a failure is the store's to say.
 */
#ifndef ACCOUNTS_SESSION_H
#define ACCOUNTS_SESSION_H

#include "accounts/store.h"

#include <stddef.h>
#include <stdint.h>

struct session;

/* A statement that is to be asked, with its parameters, and what comes of it. */
struct question {
	size_t statement;
	const char *const *parameters;
	struct arena *arena;
	int64_t deadline; /* of clock_milliseconds() */
	struct row *out;  /* may be NULL */
	bool found;       /* whether there was a row */

	/* The store's own, of those that wait for their turn. */
	enum verdict verdict;
	bool answered, alone;
	struct question *next;
};

/* How an attempt ended. */
enum outcome {
	ANSWERED,
	FAILED,    /* as MISSING, LATE and LOST after a line in the log */
	MISSING,   /* what the statement names */
	LATE,      /* no answer in time; there is no connection any more */
	LOST,      /* the connection was: the statement may have been carried out */
	TRY_AGAIN, /* it was not carried out, and would be now */
};

/* The table must outlive the session. */
struct session *session_new(const char *program, const struct statement *table);

enum outcome session_ask(struct session *, struct question *);

/* Whether it can go in one piece with others: a lookup that is prepared. */
bool session_can_join(const struct session *, const struct question *);

/*
 * Asks so many that can, the first and those behind it, and returns how many were answered, from
 * the first on. If not all were, there is no connection any more; those that are left can be asked
 * alone.
 */
size_t session_ask_together(struct session *, struct question *first, size_t count);

/* Prepares a statement to see whether it can be; `advice` goes into the log behind an error. */
enum outcome session_prepare(
    struct session *, struct arena *, size_t statement, int64_t deadline, const char *advice);

void session_end(struct session *); /* it may go on with another connection */

#endif
