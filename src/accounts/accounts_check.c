/*
 * Checks that the database has what the settings need.
 */
#include "accounts/accounts.h"
#include "accounts/operator_query.h"
#include "base/log.h"
#include "db/statements.h"

#include <string.h>

#define KEEP_MARGIN 120 /* seconds, for clocks of several hosts */

/* Why a query with these columns cannot return accounts; NULL if it can. */
static const char *
find_row_fault(struct arena *arena, const struct rows *columns, bool sessions)
{
	if (columns->columns < 3)
		return arena_printf(arena,
		    "returns %zu columns; id, password and active are needed", columns->columns);
	if (columns->types[0] == TYPE_BOOLEAN)
		return "column 1 is a boolean and cannot be the id";
	if (sessions && columns->types[0] == TYPE_PADDED)
		return "column 1 is character(n), which pads it with blanks, and cannot be the id "
		       "of sessions";
	if (columns->types[1] != TYPE_TEXT && columns->types[1] != TYPE_PADDED)
		return "column 2 is not text and cannot be the password";
	if (columns->types[2] == TYPE_OTHER || columns->types[2] == TYPE_UUID)
		return "column 3 is neither a boolean nor text nor a number and cannot be active";
	return NULL;
}

static bool
is_for_users(enum statement_number statement)
{
	return statement == USER_BY_NAME || statement == USER_BY_ID;
}

/* The setting that contains the SQL of a statement; NULL: it is our own. */
static const char *
setting_of(const struct config *config, enum statement_number statement)
{
	if (is_for_users(statement) && config->user_query != NULL)
		return accounts_setting(config, statement);
	return operator_query_setting(config, statement);
}

/* Why a statement cannot work, as a line for the log; NULL: it can, or *verdict is UNDECIDED. */
static const char *
find_fault(struct accounts *accounts, struct arena *arena, enum statement_number statement,
    bool rights, enum verdict *verdict)
{
	const char *setting = setting_of(accounts->config, statement);
	struct rows columns;
	const char *fault = NULL, *row_fault = NULL;

	*verdict = query_describe(accounts->database, arena, statement, rights, &columns, &fault);
	if (is_for_users(statement) && (*verdict == VERDICT_YES || columns.columns > 0))
		row_fault = find_row_fault(arena, &columns, accounts->config->sessions);
	if (statement >= CLAIMS_TEXT && *verdict == VERDICT_YES && columns.names != NULL)
		row_fault = operator_query_fault(arena, accounts->config, statement, &columns);
	if (row_fault != NULL)
		fault = row_fault;
	if (fault == NULL)
		return NULL;
	*verdict = VERDICT_NO;
	return arena_printf(arena, "%s: %s%s", setting == NULL ? "database" : setting, fault,
	    setting != NULL                   ? ""
	    : statement == PERMISSION         ? "; sql/permissions.sql grants the rights; "
						"JWT_PERMISSION_QUERY is for other tables"
	    : strncmp(fault, "42501", 5) == 0 ? "; sql/roles.sql grants the rights"
	    : statement >= CLIENT_FIND        ? "; sql/oidc.sql makes the tables"
	    : statement >= SESSION_BEGIN      ? "; sql/sessions.sql makes the tables"
					 : "; sql/schema.sql makes the tables; JWT_USER_... and "
					   "JWT_TOKEN_BLACKLIST say what is used");
}

/* Sessions need the feed; without sessions --check-config only says that there is none. */
static enum verdict
check_feed(struct accounts *accounts, struct arena *arena, bool rights)
{
	enum verdict verdict = feed_check(accounts->feed, arena);

	if (verdict != VERDICT_NO)
		return verdict;
	if (accounts->config->sessions) {
		log_error(
		    "database: JWT_SESSIONS needs the change feed, which is not installed, is "
		    "disabled or watches other columns; sql/sessions.sql installs it; without "
		    "it JWT_FEED_KNOWN=0");
		return VERDICT_NO;
	}
	if (rights)
		log_notice("change feed: not installed, so every request reads its user; "
			   "sql/changes.sql installs it");
	return VERDICT_YES;
}

/* A change that ended a session must be kept for as long as a token of it may last. */
static enum verdict
check_keep(struct accounts *accounts, struct arena *arena)
{
	const struct config *config = accounts->config;
	bool oidc = config->oidc_issuer != NULL &&
		    config->oidc_refresh_lifetime > config->refresh_token_lifetime;
	long refresh = oidc ? config->oidc_refresh_lifetime : config->refresh_token_lifetime;
	const char *least = arena_printf(
	    arena, "%ld seconds", refresh + config->access_token_lifetime + KEEP_MARGIN);
	struct rows rows;
	enum verdict verdict;

	if (!config->sessions)
		return VERDICT_YES;
	verdict = query_ask(accounts->database, arena, SESSION_KEEP, &least, &rows);
	if (verdict != VERDICT_YES || query_is_true(rows.values[1]))
		return verdict == VERDICT_UNDECIDED ? verdict : VERDICT_YES;
	log_error("database: changes are kept for %s, less than the lifetimes of a refresh and an "
		  "access token and two minutes; psql -v keep='%s' -f sql/sessions.sql",
	    rows.values[0], least);
	return VERDICT_NO;
}

/* EXPLAIN does not check the right to a sequence, which the INSERT needs for the id of a row. */
static enum verdict
check_sequences(struct accounts *accounts, struct arena *arena)
{
	struct rows rows;
	enum verdict verdict = query_ask(accounts->database, arena, SEQUENCES, NULL, &rows);

	if (verdict == VERDICT_UNDECIDED)
		return verdict;
	for (size_t i = 0; i < rows.count; i++)
		log_error(
		    "database: 42501: permission denied for sequence %s; sql/roles.sql grants "
		    "the rights",
		    log_quote(arena, bytes_of(rows.values[i])));
	return rows.count == 0 ? VERDICT_YES : VERDICT_NO;
}

enum verdict
accounts_check(struct accounts *accounts, struct arena *arena, bool rights)
{
	enum verdict verdict = VERDICT_YES, all = VERDICT_YES;
	const char *fault, *last = "";

	for (int statement = 0; statement < STATEMENT_COUNT && verdict != VERDICT_UNDECIDED;
	     statement++) {
		if (statement == FEED_START || statement == FEED_CHANGES)
			continue; /* optional: check_feed() */
		if (statement == PERMISSION && accounts->config->permission_query == NULL)
			continue; /* Django's tables are optional:
				     accounts_check_permissions() */
		fault =
		    find_fault(accounts, arena, (enum statement_number)statement, rights, &verdict);
		/* One missing table is the fault of several statements: log it once. */
		if (fault != NULL && strcmp(fault, last) != 0)
			log_error("%s", last = fault);
		if (verdict != VERDICT_YES && all != VERDICT_NO)
			all = verdict;
	}
	if (rights && accounts->config->token_blacklist && verdict != VERDICT_UNDECIDED) {
		verdict = check_sequences(accounts, arena);
		if (verdict != VERDICT_YES && all != VERDICT_NO)
			all = verdict;
	}
	if (all == VERDICT_YES)
		all = check_feed(accounts, arena, rights);
	if (all == VERDICT_YES)
		all = check_keep(accounts, arena);
	/* An idle program holds no connection: databases allow few. */
	query_close(accounts->database);
	return all;
}

enum verdict
accounts_check_permissions(struct accounts *accounts, struct arena *arena, bool rights)
{
	enum verdict verdict;
	const char *fault = find_fault(accounts, arena, PERMISSION, rights, &verdict);

	if (fault != NULL)
		log_error("%s", fault);
	query_close(accounts->database);
	return verdict;
}
