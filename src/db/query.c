#include "db/query.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/connection.h"

#include <poll.h>
#include <string.h>

#define PARAMETERS_MAXIMUM   12
#define ATTEMPTS             3
#define SUSPECT_MILLISECONDS 500  /* for a query after a missed deadline */
#define SUSPECT_FOR          5000 /* milliseconds; then queries have the whole deadline again */

/* How an attempt ended. */
enum outcome {
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

struct database *
query_open(const struct config *config, const char *program, const struct statement *table,
    long milliseconds)
{
	struct database *database = arena_alloc(arena_of_process(), sizeof(*database));

	if (!url_read(config->database_url_setting, config->database_url, &database->options))
		return NULL;
	database->program = program;
	database->table = table;
	database->milliseconds = milliseconds;
	return database;
}

void
query_name(struct database *database, size_t statement, const char *setting)
{
	database->settings[statement] = setting;
}

unsigned
query_generation(const struct database *database)
{
	return database->generation;
}

bool
query_repeated(const struct database *database)
{
	return database->repeated;
}

bool
query_connected(const struct database *database)
{
	return database->connection != NULL;
}

/* libpq's message has several lines and may quote names: its first line, escaped. */
static const char *
first_line(const struct query *query, const char *message)
{
	return log_quote(
	    query->arena, (struct bytes){message, message == NULL ? 0 : strcspn(message, "\n")});
}

void
query_close(struct database *database)
{
	PQfinish(database->connection);
	database->connection = NULL;
	database->outdated = false;
	memset(database->used, 0, sizeof(database->used));
	memset(database->prepared, 0, sizeof(database->prepared));
}

static enum outcome
lose(struct database *database, const struct query *query)
{
	log_error("database: connection lost: %s",
	    first_line(query, PQerrorMessage(database->connection)));
	query_close(database);
	return LOST;
}

static enum outcome
have_connection(struct database *database, const struct query *query)
{
	bool late = false;

	if (database->connection != NULL)
		return ANSWERED;
	database->connection = connection_open(
	    query->arena, &database->options, database->program, database->deadline, &late);
	if (PQstatus(database->connection) == CONNECTION_OK) {
		database->generation++;
		return ANSWERED;
	}
	if (database->connection != NULL)
		log_error("database: cannot connect: %s",
		    first_line(query, PQerrorMessage(database->connection)));
	query_close(database);
	return late ? LATE : FAILED;
}

/*
 * Sends what libpq has queued and waits for the next result. NULL: there are no more, or the
 * deadline was missed; then the connection is closed.
 */
static PGresult *
next_result(struct database *database)
{
	int unsent;

	while ((unsent = PQflush(database->connection)) > 0 || PQisBusy(database->connection)) {
		short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;

		if (PQsocket(database->connection) < 0)
			break;
		if (!connection_wait(database->connection, events, database->deadline)) {
			log_error("database: no answer in time");
			query_close(database);
			return NULL;
		}
		if (PQconsumeInput(database->connection) == 0)
			break;
	}
	return PQgetResult(database->connection);
}

/* Object ids as in pg_type.dat; those from 16384 on are not PostgreSQL's own. */
static enum column_type
type_of(Oid type)
{
	switch (type) {
	case 16:
		return TYPE_BOOLEAN;
	case 20:
	case 21:
	case 23:
		return TYPE_INTEGER;
	case 18:   /* "char" */
	case 19:   /* name */
	case 25:   /* text */
	case 705:  /* unknown: a literal */
	case 1043: /* character varying(n) */
		return TYPE_TEXT;
	case 1042:
		return TYPE_PADDED;
	case 1700:
		return TYPE_NUMERIC;
	case 2950:
		return TYPE_UUID;
	default:
		return type >= 16384 ? TYPE_TEXT : TYPE_OTHER;
	}
}

static void
copy_rows(struct arena *arena, const PGresult *result, struct rows *out)
{
	int count = PQntuples(result), columns = PQnfields(result);

	columns = columns < COLUMNS_MAXIMUM ? columns : COLUMNS_MAXIMUM;
	*out =
	    (struct rows){(size_t)count, (size_t)columns, .parameters = (size_t)PQnparams(result)};
	for (int column = 0; column < columns; column++)
		out->types[column] = type_of(PQftype(result, column));
	out->values = arena_alloc(arena, (out->count * out->columns + 1) * sizeof(*out->values));
	for (int i = 0; i < count * columns; i++)
		if (!PQgetisnull(result, i / columns, i % columns))
			out->values[i] =
			    arena_copy(arena, PQgetvalue(result, i / columns, i % columns),
				(size_t)PQgetlength(result, i / columns, i % columns));
}

/* What a description is asked for besides: no answer with rows has them. */
static void
copy_names(struct arena *arena, const PGresult *result, struct rows *out)
{
	int columns = PQnfields(result);

	out->names = arena_alloc(arena, ((size_t)columns + 1) * sizeof(*out->names));
	for (int column = 0; column < columns; column++)
		out->names[column] =
		    arena_copy(arena, PQfname(result, column), strlen(PQfname(result, column)));
}

/* No row can have a value that is out of range, malformed or not in the database's encoding. */
static bool
is_impossible_value(const char *state)
{
	return strcmp(state, "22003") == 0 || strcmp(state, "22P02") == 0 ||
	       strcmp(state, "22P05") == 0;
}

/* Class 42 is the statement's own: what it names is missing, or may not be used. */
static enum outcome
report(const struct database *database, const struct query *query, const char *state,
    const char *message)
{
	const char *sql = query->statement->sql;
	const char *setting = database->settings[query->statement - database->table];
	bool missing = strncmp(state, "42", 2) == 0;
	const char *error = arena_printf(query->arena, "%s: %s", state, first_line(query, message));

	if (strcmp(state, "42501") == 0)
		error =
		    arena_printf(query->arena, "%s (%.*s)", error, (int)strcspn(sql, " \n"), sql);
	if (missing && query->fault != NULL)
		*query->fault = error;
	else
		log_error("%s: %s", setting == NULL ? "database" : setting, error);
	return missing ? MISSING : FAILED;
}

/* By SQLSTATE (PostgreSQL appendix A): what an error says about the next attempt. */
static enum outcome
judge_error(struct database *database, const struct query *query, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state == NULL || PQstatus(database->connection) == CONNECTION_BAD ||
	    strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0 ||
	    strcmp(state, "25006") == 0)
		return LOST;
	if (strcmp(state, "26000") == 0) {
		database->unprepared = true;
		return TRY_AGAIN;
	}
	/* Also what the server cannot do, but then a statement that is not prepared has it too. */
	if (strcmp(state, "0A000") == 0 && database->prepared[query->statement - database->table]) {
		database->outdated = true;
		return TRY_AGAIN;
	}
	/* Prepared by another client of the pooler: the same name has the same text. */
	if (strcmp(state, "42P05") == 0)
		return ANSWERED;
	if (query->statement->kind == LOOKUP && is_impossible_value(state))
		return ANSWERED;
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
		return TRY_AGAIN;
	return report(database, query, state, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

/* Reads all results of what was sent; the rows are those of the last one that has any. */
static enum outcome
receive(struct database *database, const struct query *query)
{
	enum outcome outcome = LOST;
	PGresult *result;

	*query->rows = (struct rows){.count = 0};
	while ((result = next_result(database)) != NULL) {
		switch (PQresultStatus(result)) {
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
			copy_rows(query->arena, result, query->rows);
			if (PQresultStatus(result) == PGRES_COMMAND_OK)
				copy_names(query->arena, result, query->rows);
			outcome = ANSWERED;
			break;
		default:
			outcome = judge_error(database, query, result);
		}
		PQclear(result);
	}
	if (database->connection == NULL)
		return LATE;
	if (database->outdated)
		query_close(database);
	return outcome == LOST ? lose(database, query) : outcome;
}

/* "jwt_fcgi_" and a hash of the text (FNV-1a): connections that share a pooler's agree on it. */
static const char *
name_of(struct database *database, const struct query *query)
{
	const char **name = &database->names[query->statement - database->table];

	if (*name == NULL)
		*name = arena_printf(arena_of_process(), "jwt_fcgi_%016llx",
		    (unsigned long long)bytes_hash(HASH_BASIS, bytes_of(query->statement->sql)));
	return *name;
}

static enum outcome
prepare(struct database *database, const struct query *query)
{
	const struct statement *statement = query->statement;
	enum outcome outcome;

	if (!PQsendPrepare(database->connection, name_of(database, query), statement->sql,
		statement->parameters, NULL))
		return lose(database, query);
	outcome = receive(database, query);
	if (outcome == ANSWERED)
		database->prepared[statement - database->table] = true;
	return outcome;
}

static enum outcome
attempt(struct database *database, const struct query *query)
{
	const struct statement *statement = query->statement;
	size_t number = (size_t)(statement - database->table);
	enum outcome outcome = have_connection(database, query);
	int sent;

	if (outcome == ANSWERED && database->used[number] && !database->prepared[number] &&
	    !database->unprepared)
		outcome = prepare(database, query);
	if (outcome != ANSWERED)
		return outcome;
	database->used[number] = true;
	if (database->prepared[number] && !database->unprepared)
		sent = PQsendQueryPrepared(database->connection, name_of(database, query),
		    statement->parameters, query->parameters, NULL, NULL, 0);
	else
		sent = PQsendQueryParams(database->connection, statement->sql,
		    statement->parameters, NULL, query->parameters, NULL, NULL, 0);
	return sent == 1 ? receive(database, query) : lose(database, query);
}

/* Deadlines are short for a while after one was missed, then there is a whole one again. */
static void
note_outcome(struct database *database, enum outcome outcome)
{
	int64_t now = clock_milliseconds();

	if (outcome == ANSWERED)
		database->suspect_until = 0;
	if (outcome == LATE && database->suspect_until <= now)
		database->suspect_until = now + SUSPECT_FOR;
}

static enum outcome
attempt_all(struct database *database, const struct query *query)
{
	enum outcome outcome = TRY_AGAIN;

	for (int i = 0; i < ATTEMPTS; i++) {
		bool safe =
		    outcome == TRY_AGAIN || (outcome == LOST && query->statement->kind != ONCE);

		if (!safe)
			break;
		if (i > 0 && clock_milliseconds() >= database->deadline)
			return LATE;
		outcome = attempt(database, query);
		database->repeated = database->repeated || outcome == LOST;
	}
	if (outcome == TRY_AGAIN)
		log_error("database: rolled back %d times", ATTEMPTS);
	return outcome;
}

enum verdict
query_ask(struct database *database, struct arena *arena, size_t statement,
    const char *const *parameters, struct rows *out)
{
	struct rows rows = {0};
	struct query query = {.statement = &database->table[statement],
	    .parameters = parameters,
	    .arena = arena,
	    .rows = out == NULL ? &rows : out};
	int64_t now = clock_milliseconds();
	enum outcome outcome;

	database->repeated = false;
	database->deadline =
	    now + (now < database->suspect_until ? SUSPECT_MILLISECONDS : database->milliseconds);
	outcome = attempt_all(database, &query);
	note_outcome(database, outcome);
	if (outcome != ANSWERED) {
		metrics_database_error();
		return VERDICT_UNDECIDED;
	}
	return query.rows->count > 0 ? VERDICT_YES : VERDICT_NO;
}

/* Sends a text with as many parameters, all of them NULL. */
static enum outcome
execute(struct database *database, const struct query *query, const char *sql, int parameters)
{
	static const char *const nothing[PARAMETERS_MAXIMUM];

	return PQsendQueryParams(
		   database->connection, sql, parameters, NULL, nothing, NULL, NULL, 0) == 1
		   ? receive(database, query)
		   : lose(database, query);
}

/* In one transaction, so that a pooler has the same connection for both steps. */
static enum outcome
prepare_and_describe(struct database *database, const struct query *query)
{
	const struct statement *statement = query->statement;
	enum outcome outcome = ANSWERED;

	if (PQsendPrepare(database->connection, "", statement->sql, 0, NULL) != 1)
		return lose(database, query);
	outcome = receive(database, query);
	if (outcome != ANSWERED)
		return outcome;
	if (PQsendDescribePrepared(database->connection, "") != 1)
		return lose(database, query);
	outcome = receive(database, query);
	if (outcome != ANSWERED || query->rows->parameters == (size_t)statement->parameters)
		return outcome;
	*query->fault = arena_printf(query->arena, "has %zu parameters, not %d",
	    query->rows->parameters, statement->parameters);
	return MISSING;
}

/* EXPLAIN executes nothing, but PostgreSQL checks the rights as if it did. */
static enum outcome
check_rights(struct database *database, const struct query *query)
{
	struct rows plan;
	struct query explain = *query;

	explain.rows = &plan;
	return execute(database, &explain,
	    arena_printf(query->arena, "EXPLAIN %s", query->statement->sql),
	    query->statement->parameters);
}

enum verdict
query_describe(struct database *database, struct arena *arena, size_t statement, bool rights,
    struct rows *out, const char **fault)
{
	struct rows none;
	struct query query = {&database->table[statement], NULL, arena, out, fault};
	struct query frame = {&database->table[statement], NULL, arena, &none, NULL};
	enum outcome outcome;

	*out = (struct rows){.count = 0};
	if (query.statement->sql == NULL)
		return VERDICT_YES;
	database->deadline = clock_milliseconds() + database->milliseconds;
	outcome = have_connection(database, &query);
	if (outcome == ANSWERED)
		outcome = execute(database, &frame, "BEGIN", 0);
	if (outcome == ANSWERED)
		outcome = prepare_and_describe(database, &query);
	if (outcome == ANSWERED && rights)
		outcome = check_rights(database, &query);
	if (database->connection != NULL && execute(database, &frame, "ROLLBACK", 0) != ANSWERED)
		outcome = LOST;
	note_outcome(database, outcome);
	if (outcome == ANSWERED)
		return VERDICT_YES;
	return outcome == MISSING ? VERDICT_NO : VERDICT_UNDECIDED;
}

void
query_cut(struct rows *rows, size_t columns)
{
	rows->columns -= columns;
	rows->values += columns;
	memmove(rows->types, rows->types + columns, rows->columns * sizeof(*rows->types));
}
