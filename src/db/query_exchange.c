#include "db/query_exchange.h"

#include "base/log.h"
#include "db/connection.h"

#include <poll.h>

/* The first of the lines of libpq's message, escaped because it may contain names. */
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

static enum exchange
lose(struct database *database, const struct query *query)
{
	log_error("database: connection lost: %s",
	    first_line(query, PQerrorMessage(database->connection)));
	query_close(database);
	return LOST;
}

enum exchange
query_connect(struct database *database, const struct query *query)
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

/* Object ids as in pg_type.dat; types from 16384 on are not built in. */
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

/* Only a description has the names of columns, no result with rows. */
static void
copy_names(struct arena *arena, const PGresult *result, struct rows *out)
{
	int columns = PQnfields(result);

	out->names = arena_alloc(arena, ((size_t)columns + 1) * sizeof(*out->names));
	for (int column = 0; column < columns; column++)
		out->names[column] =
		    arena_copy(arena, PQfname(result, column), strlen(PQfname(result, column)));
}

/* Class 42 is a fault of the statement: what it names is missing, or may not be used. */
static enum exchange
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

/* What an error, by its SQLSTATE (PostgreSQL appendix A), says about the next attempt. */
static enum exchange
judge_error(struct database *database, const struct query *query, const PGresult *result)
{
	/* No row can have a value that is out of range, malformed or cannot be encoded. */
	static const char *const impossible[] = {"22003", "22P02", "22P05", NULL};
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state == NULL || PQstatus(database->connection) == CONNECTION_BAD ||
	    strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0 ||
	    strcmp(state, "25006") == 0)
		return LOST;
	if (strcmp(state, "26000") == 0) {
		database->unprepared = true;
		return TRY_AGAIN;
	}
	/* An unsupported feature has this state too, but then also without preparation. */
	if (strcmp(state, "0A000") == 0 && database->prepared[query->statement - database->table]) {
		database->outdated = true;
		return TRY_AGAIN;
	}
	/* Another client of the pooler has prepared it: the same name means the same SQL. */
	if (strcmp(state, "42P05") == 0)
		return ANSWERED;
	if (query->statement->kind == LOOKUP && bytes_among(bytes_of(state), impossible))
		return ANSWERED;
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
		return TRY_AGAIN;
	return report(database, query, state, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

enum exchange
query_receive(struct database *database, const struct query *query, int sent)
{
	enum exchange outcome = LOST;
	PGresult *result;

	if (sent != 1)
		return lose(database, query);
	*query->rows = (struct rows){.count = 0};
	while ((result = next_result(database)) != NULL) {
		ExecStatusType status = PQresultStatus(result);

		if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
			copy_rows(query->arena, result, query->rows);
			if (status == PGRES_COMMAND_OK)
				copy_names(query->arena, result, query->rows);
			outcome = ANSWERED;
		} else {
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
