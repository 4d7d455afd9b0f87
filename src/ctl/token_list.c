/*
 * jwtctl's subcommands for issued tokens: the tables of SimpleJWT's blacklist app, and sessions.
 * List and revoke work with the programs' role; flush deletes rows, so it needs the role that owns
 * the tables.
 */
#include "ctl/report.h"

#include "base/log.h"
#include "db/query.h"
#include "db/statements.h"

#include <stdlib.h>

#define OUTSTANDING "token_blacklist_outstandingtoken"
#define BLACKLISTED "token_blacklist_blacklistedtoken"

enum outstanding_statement {
	FIND_USER,
	LIST_USER, /* id of the last row seen, user -> the row's id, then `columns` */
	LIST_ALL,  /* id of the last row seen -> the same */
	REVOKE,    /* user -> how many */
	END_SESSIONS,
	FLUSH, /* id of the last row seen -> that of this page, NULL at the end; rows deleted */
	OUTSTANDING_STATEMENTS,
};

/* The token itself is a secret, so it is not shown. */
static const struct column columns[] = {{"user", COLUMN_TEXT}, {"jti", COLUMN_TEXT},
    {"created", COLUMN_TIME}, {"expires", COLUMN_TIME}, {"revoked", COLUMN_BOOL},
    {NULL, COLUMN_TEXT}};

#define LIST(where)                                                                                  \
	"SELECT o.id::text, o.user_id::text, o.jti, extract(epoch FROM o.created_at)::bigint::text," \
	" extract(epoch FROM o.expires_at)::bigint::text, (b.id IS NOT NULL)::text"                  \
	" FROM " OUTSTANDING " o LEFT JOIN " BLACKLISTED " b ON b.token_id = o.id"                   \
	" WHERE o.id > $1::bigint AND o.expires_at > now()" where " ORDER BY o.id LIMIT 500"

/*
 * FLUSH: there is no index of expires_at, so the table is read once in the order of its primary
 * key. A statement takes a thousand rows, so it holds its locks for a moment only.
 */
static const struct statement own[OUTSTANDING_STATEMENTS] = {
    [LIST_USER] = {LIST(" AND o.user_id = $2"), 2, LOOKUP},
    [LIST_ALL] = {LIST(""), 1, REPEATABLE},
    [REVOKE] = {"WITH revoked AS (INSERT INTO " BLACKLISTED " (token_id, blacklisted_at)"
		" SELECT id, now() FROM " OUTSTANDING " WHERE user_id = $1 AND expires_at > now()"
		" ON CONFLICT (token_id) DO NOTHING RETURNING 1) SELECT count(*) FROM revoked",
	1, LOOKUP},
    [FLUSH] = {"WITH page AS MATERIALIZED (SELECT id, expires_at <= now() AS expired"
	       " FROM " OUTSTANDING " WHERE id > $1::bigint ORDER BY id LIMIT 1000),"
	       " freed AS (DELETE FROM " BLACKLISTED " b USING page"
	       " WHERE b.token_id = page.id AND page.expired),"
	       " gone AS (DELETE FROM " OUTSTANDING " o USING page"
	       " WHERE o.id = page.id AND page.expired RETURNING 1)"
	       " SELECT (SELECT max(id) FROM page)::text, (SELECT count(*) FROM gone)::text",
	1, REPEATABLE},
};

/* NULL after a line on standard error or in the log. */
static struct database *
open_database(const struct invocation *invocation)
{
	struct arena *arena = invocation->arena;
	const struct config *config = invocation->config;
	const struct statement *shared = statements_make(arena, config);
	struct statement *made = arena_alloc(arena, sizeof(own));

	for (size_t i = 0; i < OUTSTANDING_STATEMENTS; i++)
		made[i] = own[i];
	made[FIND_USER] = shared[USER_BY_NAME];
	made[END_SESSIONS] = shared[SESSION_END_ALL];
	/* With a long deadline: an administrator waits longer than a client. */
	return query_open(config, "jwtctl", made, 10 * config->database_timeout * 1000);
}

static bool
blacklist_is_on(const struct invocation *invocation)
{
	if (!invocation->config->token_blacklist)
		command_error(invocation, "JWT_TOKEN_BLACKLIST is off: no token is listed");
	return invocation->config->token_blacklist;
}

/* The primary key of a user: the fourth column of FIND_USER or, without one, the user id. */
static const char *
key_of(const struct rows *user)
{
	return user->values[user->columns > 3 ? 3 : 0];
}

static enum outcome
list(const struct invocation *invocation)
{
	struct report report = report_new(invocation, columns);
	const char *parameters[] = {"0", NULL}, *name = command_value(invocation, "user");
	struct database *database;
	enum verdict verdict;
	struct rows rows;

	if (!blacklist_is_on(invocation) || (database = open_database(invocation)) == NULL)
		return OUTCOME_UNDECIDED;
	if (name != NULL) {
		verdict = query_ask(database, invocation->arena, FIND_USER, &name, &rows);
		if (verdict != VERDICT_YES)
			return report_missing(invocation, verdict, "user", name);
		parameters[1] = key_of(&rows);
	}
	while ((verdict = query_ask(database, invocation->arena,
		    name == NULL ? LIST_ALL : LIST_USER, parameters, &rows)) == VERDICT_YES) {
		report_add_rows(&report, &rows, 1);
		parameters[0] = query_row(&rows, rows.count - 1)[0];
	}
	return verdict == VERDICT_UNDECIDED ? OUTCOME_UNDECIDED : report_list(&report);
}

/* Sessions end first, so that a refresh between the two statements gets no new token. */
static enum verdict
revoke_all(const struct invocation *invocation, struct database *database, const struct rows *user,
    const char *counts[2])
{
	const char *key = key_of(user), *ending[] = {user->values[0], NULL};
	enum verdict verdict = VERDICT_YES;
	struct rows rows;

	if (invocation->config->sessions) {
		verdict = query_ask(database, invocation->arena, END_SESSIONS, ending, &rows);
		if (verdict == VERDICT_YES)
			counts[1] = rows.values[0];
	}
	if (verdict == VERDICT_YES && invocation->config->token_blacklist) {
		verdict = query_ask(database, invocation->arena, REVOKE, &key, &rows);
		if (verdict == VERDICT_YES)
			counts[0] = rows.values[0];
	}
	return verdict;
}

static enum outcome
report_revoked(
    const struct invocation *invocation, const char *user_id, const char *const counts[2])
{
	static const struct column counted[] = {
	    {"revoked", COLUMN_NUMBER}, {"ended", COLUMN_NUMBER}, {NULL, COLUMN_TEXT}};
	const struct log_field for_audit[] = {{"outcome", .text = "tokens-revoked"},
	    {"user", .text = user_id}, {"revoked", .text = counts[0]}, {"ended", .text = counts[1]},
	    {.name = NULL}};

	log_event(LEVEL_INFO, "token", for_audit);
	return report_row(invocation, counted, counts);
}

static enum outcome
revoke(const struct invocation *invocation)
{
	const char *counts[2] = {"0", "0"}, *name = command_value(invocation, "user");
	struct database *database;
	enum verdict verdict;
	struct rows user;

	if (name == NULL) {
		command_error(invocation, "--user is needed; see --help");
		return OUTCOME_UNDECIDED;
	}
	if ((!invocation->config->sessions && !blacklist_is_on(invocation)) ||
	    (database = open_database(invocation)) == NULL)
		return OUTCOME_UNDECIDED;
	verdict = query_ask(database, invocation->arena, FIND_USER, &name, &user);
	if (verdict != VERDICT_YES)
		return report_missing(invocation, verdict, "user", name);
	return revoke_all(invocation, database, &user, counts) == VERDICT_YES
		   ? report_revoked(invocation, user.values[0], counts)
		   : OUTCOME_UNDECIDED;
}

static enum outcome
flush(const struct invocation *invocation)
{
	static const struct column counted[] = {{"deleted", COLUMN_NUMBER}, {NULL, COLUMN_TEXT}};
	const char *last = "0", *count;
	struct database *database;
	int64_t deleted = 0;
	struct rows rows;

	if (!blacklist_is_on(invocation) || (database = open_database(invocation)) == NULL)
		return OUTCOME_UNDECIDED;
	while (last != NULL) {
		if (query_ask(database, invocation->arena, FLUSH, &last, &rows) != VERDICT_YES)
			return OUTCOME_UNDECIDED;
		last = rows.values[0];
		deleted += atol(rows.values[1]);
	}
	count = report_number(invocation->arena, deleted);
	return report_row(invocation, counted, &count);
}

const struct command token_list_commands[] = {
    {.name = "token list",
	.summary = "Show the outstanding tokens that have not expired",
	.examples = "  jwtctl token list --user alice\n"
		    "  jwtctl token list --json\n",
	.options = {{"user", "NAME", "only the tokens of this user"}},
	.run = list},
    {.name = "token revoke",
	.summary = "Blacklist the outstanding tokens of a user, and end the user's sessions",
	.examples = "  jwtctl token revoke --user alice\n",
	.options = {{"user", "NAME", "whose tokens are revoked"}},
	.run = revoke},
    {.name = "token flush",
	.summary = "Delete the rows of expired tokens; needs the rights of the tables' owner",
	.examples = "  jwtctl token flush\n",
	.run = flush},
    {.name = NULL},
};
