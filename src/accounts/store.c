#include "accounts/store.h"

#include "accounts/connection.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUSPECT_MILLISECONDS 500  /* for a question to a suspect database */
#define SUSPECT_FOR          5000 /* then it is asked with all patience again */
#define STATEMENTS_MAXIMUM   32

/* Object ids of bigint, smallint and integer (pg_type.dat). */
#define INT8OID 20
#define INT2OID 21
#define INT4OID 23

enum use { UNUSED, USED, PREPARED };

/* "jwt_fcgi_" and 16 digits. */
#define NAME_SIZE 32

struct store {
	const char *program;
	const struct statement *table;
	long milliseconds;
	int64_t deadline;
	PGconn *connection;                        /* NULL, or connected as far as we know */
	enum use uses[STATEMENTS_MAXIMUM];         /* of the statements, on this connection */
	char names[STATEMENTS_MAXIMUM][NAME_SIZE]; /* of the prepared ones */
	bool unprepared; /* something between us and the server does not keep prepared statements */
	int64_t suspect_until;    /* 0, or as long as there is less patience */
	enum statement_kind kind; /* of the statement that is being asked */
	bool lookup;              /* of the statement that is being asked */
	const char *advice; /* what to say behind an error, while the statements are checked */
};

/* How one attempt ended. */
enum outcome { ANSWERED, FAILED, MISSING, LOST, NOT_PREPARED, REPLACED, TRY_AGAIN };

struct store *
store_new(const char *program, const struct statement *table, long timeout)
{
	struct store *store = memory_need(calloc(1, sizeof(*store)));

	store->program = program;
	store->table = table;
	store->milliseconds = timeout;
	return store;
}

/* libpq's message is several lines and may quote names: its first line, escaped. */
static void
log_trouble(const struct store *store, struct arena *arena, const char *what, const char *message)
{
	size_t length = message == NULL ? 0 : strcspn(message, "\n");

	log_line("database: %s: %s%s%s", what, log_quote(arena, (struct bytes){message, length}),
	    store->advice == NULL ? "" : "; ", store->advice == NULL ? "" : store->advice);
}

static void
disconnect(struct store *store)
{
	PQfinish(store->connection);
	store->connection = NULL;
	memset(store->uses, 0, sizeof(store->uses));
}

static void
suspect(struct store *store)
{
	if (store->suspect_until <= clock_milliseconds())
		store->suspect_until = clock_milliseconds() + SUSPECT_FOR;
}

/* false when the deadline has passed; then the connection is of no more use. */
static bool
wait_for(struct store *store, short events)
{
	if (connection_wait(store->connection, events, store->deadline))
		return true;
	log_line("database: no answer in time");
	suspect(store);
	disconnect(store);
	return false;
}

static bool
connect_database(struct store *store, struct arena *arena)
{
	bool late = false;

	store->connection = connection_open(arena, store->program, store->deadline, &late);
	if (PQstatus(store->connection) == CONNECTION_OK)
		return true;
	if (late)
		suspect(store);
	if (store->connection != NULL)
		log_trouble(store, arena, "cannot connect", PQerrorMessage(store->connection));
	disconnect(store);
	return false;
}

/* Sends what is queued and waits for the next result; NULL at the end or when time is up. */
static PGresult *
next_result(struct store *store)
{
	int unsent;

	while ((unsent = PQflush(store->connection)) > 0 || PQisBusy(store->connection)) {
		if (!wait_for(store, unsent > 0 ? POLLIN | POLLOUT : POLLIN))
			return NULL;
		if (PQconsumeInput(store->connection) == 0)
			break;
	}
	return PQgetResult(store->connection);
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
judge_error(struct store *store, struct arena *arena, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state == NULL || PQstatus(store->connection) == CONNECTION_BAD ||
	    strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0 ||
	    strcmp(state, "25006") == 0)
		return LOST;
	if (strcmp(state, "26000") == 0)
		return NOT_PREPARED;
	if (strcmp(state, "0A000") == 0)
		return REPLACED; /* a table was altered under a prepared statement */
	if (strcmp(state, "42P05") == 0)
		return ANSWERED; /* another session's, of the same name and so of the same text */
	if (store->kind == LOOKUP && (strcmp(state, "22003") == 0 || strcmp(state, "22P02") == 0))
		return ANSWERED; /* no row can have such a value */
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
		return TRY_AGAIN;
	log_trouble(store, arena, state, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	return strncmp(state, "42", 2) == 0 ? MISSING : FAILED;
}

/* Reads all results of what was sent; the row is taken from the one that has it. */
static enum outcome
receive(struct store *store, struct arena *arena, struct row *out, bool *found)
{
	enum outcome outcome = LOST;
	PGresult *result;

	*found = false;
	while ((result = next_result(store)) != NULL) {
		switch (PQresultStatus(result)) {
		case PGRES_TUPLES_OK:
			*found = PQntuples(result) > 0;
			if (*found && out != NULL)
				copy_row(arena, result, out);
			outcome = ANSWERED;
			break;
		case PGRES_COMMAND_OK:
			outcome = ANSWERED;
			break;
		default:
			outcome = judge_error(store, arena, result);
		}
		PQclear(result);
	}
	return store->connection == NULL ? FAILED : outcome;
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
prepare(struct store *store, struct arena *arena, size_t number)
{
	const struct statement *statement = &store->table[number];
	char *name = store->names[number];
	enum outcome outcome;
	bool found;

	make_name(statement->sql, name);
	if (!PQsendPrepare(store->connection, name, statement->sql, statement->parameters, NULL))
		return LOST;
	outcome = receive(store, arena, NULL, &found);
	if (outcome == ANSWERED)
		store->uses[number] = PREPARED;
	return outcome;
}

static enum outcome
ask_once(struct store *store, struct arena *arena, size_t number, const char *const *parameters,
    struct row *out, bool *found)
{
	const struct statement *statement = &store->table[number];
	enum outcome outcome = ANSWERED;
	int sent;

	store->kind = statement->kind;
	if (store->connection == NULL && !connect_database(store, arena))
		return FAILED;
	if (store->uses[number] == USED && !store->unprepared)
		outcome = prepare(store, arena, number);
	if (outcome != ANSWERED)
		return outcome;
	if (store->uses[number] == PREPARED && !store->unprepared) {
		sent = PQsendQueryPrepared(store->connection, store->names[number],
		    statement->parameters, parameters, NULL, NULL, 0);
	} else {
		sent = PQsendQueryParams(store->connection, statement->sql, statement->parameters,
		    NULL, parameters, NULL, NULL, 0);
		store->uses[number] = USED;
	}
	return sent ? receive(store, arena, out, found) : LOST;
}

enum verdict
store_ask(struct store *store, struct arena *arena, size_t number, const char *const *parameters,
    struct row *out)
{
	bool found = false;

	store->deadline = clock_milliseconds() + (clock_milliseconds() < store->suspect_until
							 ? SUSPECT_MILLISECONDS
							 : store->milliseconds);
	for (int attempt = 0; attempt < 3; attempt++) {
		enum outcome outcome = ask_once(store, arena, number, parameters, out, &found);

		if (outcome == ANSWERED) {
			store->suspect_until = 0;
			return found ? VERDICT_YES : VERDICT_NO;
		}
		if (outcome == NOT_PREPARED)
			store->unprepared = true;
		if (outcome == LOST) {
			log_trouble(
			    store, arena, "connection lost", PQerrorMessage(store->connection));
			disconnect(store);
		}
		if (outcome == REPLACED)
			disconnect(store);
		if (outcome == FAILED || outcome == MISSING ||
		    (outcome == LOST && store->table[number].kind == ONCE))
			break;
	}
	metrics_database_error();
	return VERDICT_UNDECIDED;
}

enum verdict
store_check(struct store *store, struct arena *arena, size_t count, const char *advice)
{
	enum verdict verdict = VERDICT_YES;

	store->deadline = clock_milliseconds() + store->milliseconds;
	if (store->connection == NULL && !connect_database(store, arena))
		return VERDICT_UNDECIDED;
	store->advice = advice;
	for (size_t number = 0; number < count && verdict == VERDICT_YES; number++) {
		enum outcome outcome =
		    store->table[number].sql == NULL ? ANSWERED : prepare(store, arena, number);

		if (outcome == MISSING)
			verdict = VERDICT_NO;
		else if (outcome != ANSWERED)
			verdict = VERDICT_UNDECIDED;
	}
	store->advice = NULL;
	/* Who is never asked holds no connection: databases have few. */
	disconnect(store);
	return verdict;
}
