#include "db/query_exchange.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define PARAMETERS_MAXIMUM   12
#define ATTEMPTS             3
#define SUSPECT_MILLISECONDS 500  /* for a query after a missed deadline */
#define SUSPECT_FOR          5000 /* milliseconds; then queries have the whole deadline again */

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

/* "jwt_fcgi_" and a hash (FNV-1a) of the SQL: the same for all clients of a pooler. */
static const char *
name_of(struct database *database, const struct query *query)
{
	const char **name = &database->names[query->statement - database->table];

	if (*name == NULL)
		*name = arena_printf(arena_of_process(), "jwt_fcgi_%016llx",
		    (unsigned long long)bytes_hash(HASH_BASIS, bytes_of(query->statement->sql)));
	return *name;
}

static enum exchange
prepare(struct database *database, const struct query *query)
{
	const struct statement *statement = query->statement;
	enum exchange outcome = query_receive(database, query,
	    PQsendPrepare(database->connection, name_of(database, query), statement->sql,
		statement->parameters, NULL));

	if (outcome == ANSWERED)
		database->prepared[statement - database->table] = true;
	return outcome;
}

static enum exchange
attempt(struct database *database, const struct query *query)
{
	const struct statement *statement = query->statement;
	size_t number = (size_t)(statement - database->table);
	enum exchange outcome = query_connect(database, query);
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
	return query_receive(database, query, sent);
}

/* After a missed deadline the next ones are short for a while. */
static void
note_outcome(struct database *database, enum exchange outcome)
{
	int64_t now = clock_milliseconds();

	if (outcome == ANSWERED)
		database->suspect_until = 0;
	if (outcome == LATE && database->suspect_until <= now)
		database->suspect_until = now + SUSPECT_FOR;
}

static enum exchange
attempt_all(struct database *database, const struct query *query)
{
	enum exchange outcome = TRY_AGAIN;

	for (int i = 0; i < ATTEMPTS; i++) {
		if (i > 0 && clock_milliseconds() >= database->deadline)
			return LATE;
		outcome = attempt(database, query);
		database->repeated = database->repeated || outcome == LOST;
		if (outcome != TRY_AGAIN && (outcome != LOST || query->statement->kind == ONCE))
			return outcome;
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
	enum exchange outcome;

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

/* Executes SQL with a number of parameters, all NULL. */
static enum exchange
execute(struct database *database, const struct query *query, const char *sql, int parameters)
{
	static const char *const nothing[PARAMETERS_MAXIMUM];

	return query_receive(database, query,
	    PQsendQueryParams(database->connection, sql, parameters, NULL, nothing, NULL, NULL, 0));
}

/* To be called in a transaction, in which a pooler keeps one connection for both steps. */
static enum exchange
prepare_and_describe(struct database *database, const struct query *query)
{
	const struct statement *statement = query->statement;
	enum exchange outcome = query_receive(
	    database, query, PQsendPrepare(database->connection, "", statement->sql, 0, NULL));

	if (outcome == ANSWERED)
		outcome = query_receive(
		    database, query, PQsendDescribePrepared(database->connection, ""));
	if (outcome != ANSWERED || query->rows->parameters == (size_t)statement->parameters)
		return outcome;
	*query->fault = arena_printf(query->arena, "has %zu parameters, not %d",
	    query->rows->parameters, statement->parameters);
	return MISSING;
}

/* EXPLAIN does not execute the statement, but checks the rights to do so. */
static enum exchange
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
	enum exchange outcome;

	*out = (struct rows){.count = 0};
	if (query.statement->sql == NULL)
		return VERDICT_YES;
	database->deadline = clock_milliseconds() + database->milliseconds;
	outcome = query_connect(database, &query);
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
