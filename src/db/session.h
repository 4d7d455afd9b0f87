/*
 * One session with PostgreSQL: a connection, made when it is needed, and the statements that were
 * prepared on it. Each call is one attempt; what to do about a failure is the store's to say.
 *
 * A question is asked alone, or lookups are sent together and received in that order (libpq's
 * pipeline mode).
 */
#ifndef DB_SESSION_H
#define DB_SESSION_H

#include "db/store.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct session;

/* A statement that is to be asked, with its parameters, and what comes of it. */
struct question {
	size_t statement;
	const char *const *parameters;
	struct arena *arena;
	int64_t deadline; /* of clock_milliseconds() */
	struct row *out;  /* may be NULL */
	bool found;       /* whether there was a row */

	bool alone; /* it is not to be sent with others */
	bool last;  /* the session's own: of those that were sent in one piece */
	STAILQ_ENTRY(question) next;

	/* The store's own. */
	enum verdict verdict;
	bool answered;
};

STAILQ_HEAD(queue, question);

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

/* Nothing may be on its way. */
enum outcome session_ask(struct session *, struct question *);

/* Whether it can be sent with others: a lookup that is prepared. */
bool session_can_join(const struct session *, const struct question *);

/*
 * Sends the first of `waiting`, and in one piece with it those behind it that can join, to `sent`.
 * Nothing may be on its way. What cannot be sent is found out by session_receive().
 */
void session_send(struct session *, struct queue *waiting, struct queue *sent);

/*
 * Waits for the answer to the first of those that were sent and have none. TRY_AGAIN: it has to be
 * asked alone, which tells why. LATE or LOST: so have all that were sent.
 */
enum outcome session_receive(struct session *, struct question *);

/* Whether session_receive() would not wait. */
bool session_has_answer(struct session *);

/* Prepares a statement to see whether it can be; `advice` goes into the log behind an error. */
enum outcome session_prepare(
    struct session *, struct arena *, size_t statement, int64_t deadline, const char *advice);

void session_end(struct session *); /* it may go on with another connection */

#endif
