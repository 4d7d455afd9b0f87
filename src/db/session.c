#include "db/session.h"

#include "base/fiber.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/connection.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS_MAXIMUM 32

/* Object ids of bigint, smallint and integer (pg_type.dat). */
#define INT8OID 20
#define INT2OID 21
#define INT4OID 23

enum use { UNUSED, USED, PREPARED };

/* "jwt_fcgi_" and 16 digits. */
#define NAME_SIZE 32

struct session {
	const char *program;
	const struct statement *table;
	PGconn *connection;                        /* NULL, or connected as far as we know */
	enum use uses[STATEMENTS_MAXIMUM];         /* of the statements, on this connection */
	char names[STATEMENTS_MAXIMUM][NAME_SIZE]; /* of the prepared ones */
	bool unprepared; /* something between us and the server does not keep prepared statements */
	bool outdated;   /* a table was altered under a prepared statement */

	/* Of what is being asked. */
	int64_t deadline;
	enum statement_kind kind;
	const char *advice; /* what to say behind an error */
};

struct session *
session_new(const char *program, const struct statement *table)
{
	struct session *session = memory_need(calloc(1, sizeof(*session)));

	session->program = program;
	session->table = table;
	return session;
}

/* libpq's message is several lines and may quote names: its first line, escaped. */
static void
log_trouble(
    const struct session *session, struct arena *arena, const char *what, const char *message)
{
	size_t length = message == NULL ? 0 : strcspn(message, "\n");

	log_line("database: %s: %s%s%s", what, log_quote(arena, (struct bytes){message, length}),
	    session->advice == NULL ? "" : "; ", session->advice == NULL ? "" : session->advice);
}

void
session_end(struct session *session)
{
	PQfinish(session->connection);
	session->connection = NULL;
	session->outdated = false;
	memset(session->uses, 0, sizeof(session->uses));
}

static enum outcome
lose(struct session *session, struct arena *arena)
{
	log_trouble(session, arena, "connection lost", PQerrorMessage(session->connection));
	session_end(session);
	return LOST;
}

static enum outcome
connect_database(struct session *session, struct arena *arena)
{
	bool late = false;

	session->connection = connection_open(arena, session->program, session->deadline, &late);
	if (PQstatus(session->connection) == CONNECTION_OK)
		return ANSWERED;
	if (session->connection != NULL)
		log_trouble(session, arena, "cannot connect", PQerrorMessage(session->connection));
	session_end(session);
	return late ? LATE : FAILED;
}

/* One on which nothing is on its way, and that is in no pipeline. */
static enum outcome
have_connection(struct session *session, struct arena *arena)
{
	if (session->connection != NULL && PQexitPipelineMode(session->connection) != 1)
		lose(session, arena);
	return session->connection == NULL ? connect_database(session, arena) : ANSWERED;
}

/*
 * Sends what is queued and waits for the next result. NULL: there are no more, or time is up; then
 * there is no connection any more either.
 */
static PGresult *
next_result(struct session *session)
{
	int unsent;

	while ((unsent = PQflush(session->connection)) > 0 || PQisBusy(session->connection)) {
		short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;

		if (PQsocket(session->connection) < 0)
			break;
		if (!fiber_wait(PQsocket(session->connection), events, session->deadline)) {
			log_line("database: no answer in time");
			session_end(session);
			return NULL;
		}
		if (PQconsumeInput(session->connection) == 0)
			break;
	}
	return PQgetResult(session->connection);
}

static void
copy_row(struct arena *arena, const PGresult *result, struct row *out)
{
	int columns = PQnfields(result) < ROW_MAXIMUM ? PQnfields(result) : ROW_MAXIMUM;

	*out = (struct row){.count = columns};
	for (int i = 0; i < columns; i++) {
		Oid type = PQftype(result, i);

		out->integer[i] = type == INT8OID || type == INT4OID || type == INT2OID;
		if (!PQgetisnull(result, 0, i))
			out->values[i] = arena_copy(
			    arena, PQgetvalue(result, 0, i), (size_t)PQgetlength(result, 0, i));
	}
}

/* By the class of SQLSTATE (PostgreSQL appendix A): what an error says of the next attempt. */
static enum outcome
judge_error(struct session *session, struct arena *arena, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state == NULL || PQstatus(session->connection) == CONNECTION_BAD ||
	    strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0 ||
	    strcmp(state, "25006") == 0)
		return LOST;
	if (strcmp(state, "26000") == 0) {
		session->unprepared = true;
		return TRY_AGAIN;
	}
	if (strcmp(state, "0A000") == 0) {
		session->outdated = true;
		return TRY_AGAIN;
	}
	if (strcmp(state, "42P05") == 0)
		return ANSWERED; /* another session's, of the same name and so of the same text */
	if (session->kind == LOOKUP && (strcmp(state, "22003") == 0 || strcmp(state, "22P02") == 0))
		return ANSWERED; /* no row can have such a value */
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
		return TRY_AGAIN;
	log_trouble(session, arena, state, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	return strncmp(state, "42", 2) == 0 ? MISSING : FAILED;
}

static void
take_row(const PGresult *result, struct question *question)
{
	question->found = PQntuples(result) > 0;
	if (question->found && question->out != NULL)
		copy_row(question->arena, result, question->out);
}

/* Reads all results of what was sent; the row is taken from the one that has it. */
static enum outcome
receive_alone(struct session *session, struct question *question)
{
	enum outcome outcome = LOST;
	PGresult *result;

	question->found = false;
	while ((result = next_result(session)) != NULL) {
		switch (PQresultStatus(result)) {
		case PGRES_TUPLES_OK:
			take_row(result, question);
			outcome = ANSWERED;
			break;
		case PGRES_COMMAND_OK:
			outcome = ANSWERED;
			break;
		default:
			outcome = judge_error(session, question->arena, result);
		}
		PQclear(result);
	}
	if (session->connection == NULL)
		return LATE;
	if (session->outdated)
		session_end(session);
	return outcome == LOST ? lose(session, question->arena) : outcome;
}

/* A name that says the text, so that sessions shared through a pooler agree on it. */
static void
make_name(const char *sql, char name[static NAME_SIZE])
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *sql != '\0'; sql++)
		hash = (hash ^ (unsigned char)*sql) * 0x100000001b3u;
	snprintf(name, NAME_SIZE, "jwt_fcgi_%016llx", (unsigned long long)hash);
}

static enum outcome
prepare(struct session *session, struct arena *arena, size_t number)
{
	const struct statement *statement = &session->table[number];
	struct question question = {.arena = arena};
	char *name = session->names[number];
	enum outcome outcome;

	make_name(statement->sql, name);
	if (!PQsendPrepare(session->connection, name, statement->sql, statement->parameters, NULL))
		return lose(session, arena);
	outcome = receive_alone(session, &question);
	if (outcome == ANSWERED)
		session->uses[number] = PREPARED;
	return outcome;
}

static bool
send_prepared(const struct session *session, const struct question *question)
{
	size_t number = question->statement;

	return PQsendQueryPrepared(session->connection, session->names[number],
		   session->table[number].parameters, question->parameters, NULL, NULL, 0) == 1;
}

enum outcome
session_ask(struct session *session, struct question *question)
{
	const struct statement *statement = &session->table[question->statement];
	enum use *use = &session->uses[question->statement];
	enum outcome outcome;
	bool sent;

	session->deadline = question->deadline;
	session->kind = statement->kind;
	outcome = have_connection(session, question->arena);
	if (outcome == ANSWERED && *use == USED && !session->unprepared)
		outcome = prepare(session, question->arena, question->statement);
	if (outcome != ANSWERED)
		return outcome;
	if (*use == PREPARED && !session->unprepared) {
		sent = send_prepared(session, question);
	} else {
		sent = PQsendQueryParams(session->connection, statement->sql, statement->parameters,
			   NULL, question->parameters, NULL, NULL, 0) == 1;
		*use = USED;
	}
	return sent ? receive_alone(session, question) : lose(session, question->arena);
}

bool
session_can_join(const struct session *session, const struct question *question)
{
	return !question->alone && !session->unprepared &&
	       session->uses[question->statement] == PREPARED &&
	       session->table[question->statement].kind == LOOKUP;
}

void
session_send(struct session *session, struct queue *waiting, struct queue *sent)
{
	struct arena *arena = STAILQ_FIRST(waiting)->arena;
	struct question *question, *last = NULL;

	PQenterPipelineMode(session->connection);
	while ((question = STAILQ_FIRST(waiting)) != NULL && session_can_join(session, question) &&
	       send_prepared(session, question)) {
		STAILQ_REMOVE_HEAD(waiting, next);
		STAILQ_INSERT_TAIL(sent, question, next);
		last = question;
	}
	if (last != NULL && PQpipelineSync(session->connection) == 1)
		last->last = true;
	else
		lose(session, arena);
}

bool
session_has_answer(struct session *session)
{
	return session->connection == NULL || !PQisBusy(session->connection);
}

/* Behind a question's result: nothing, and behind the last one's a synchronisation. */
static void
receive_end(struct session *session, const struct question *question)
{
	PGresult *end = next_result(session), *synchronisation = NULL;

	if (question->last && session->connection != NULL)
		synchronisation = next_result(session);
	if (session->connection != NULL &&
	    (end != NULL ||
		(question->last && PQresultStatus(synchronisation) != PGRES_PIPELINE_SYNC)))
		lose(session, question->arena);
	PQclear(end);
	PQclear(synchronisation);
}

enum outcome
session_receive(struct session *session, struct question *question)
{
	enum outcome outcome = TRY_AGAIN;
	PGresult *result;

	session->deadline = question->deadline;
	result = session->connection != NULL ? next_result(session) : NULL;
	if (result == NULL)
		return session->connection == NULL ? LATE : lose(session, question->arena);
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		take_row(result, question);
		outcome = ANSWERED;
	}
	PQclear(result);
	receive_end(session, question);
	return outcome;
}

enum outcome
session_prepare(struct session *session, struct arena *arena, size_t statement, int64_t deadline,
    const char *advice)
{
	enum outcome outcome;

	session->deadline = deadline;
	session->kind = REPEATABLE;
	outcome = have_connection(session, arena);
	session->advice = advice;
	if (outcome == ANSWERED)
		outcome = prepare(session, arena, statement);
	session->advice = NULL;
	return outcome;
}
