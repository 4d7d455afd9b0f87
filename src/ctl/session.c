/*
 * jwtctl's subcommands for sessions (JWT_SESSIONS). They work with the programs' role.
 */
#include "ctl/report.h"

#include "accounts/accounts.h"
#include "accounts/sessions.h"
#include "base/log.h"
#include "db/query.h"
#include "db/statements.h"

#include <string.h>

/* In the order of SESSION_LIST. */
static const struct column columns[] = {{"sid", COLUMN_TEXT}, {"created_at", COLUMN_TEXT},
    {"refreshed_at", COLUMN_TEXT}, {"expires_at", COLUMN_TEXT}, {"address", COLUMN_TEXT},
    {"agent", COLUMN_TEXT}, {"client", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};

/* NULL after a line on standard error or in the log. */
static struct database *
open_database(const struct invocation *invocation)
{
	struct accounts *accounts;

	if (!invocation->config->sessions) {
		command_error(invocation, "JWT_SESSIONS is off");
		return NULL;
	}
	accounts = accounts_open(invocation->config, "jwtctl", false);
	return accounts == NULL ? NULL : accounts->database;
}

/* Reports how many sessions ended, and to the log whose and which too. NULL: all of them. */
static enum outcome
report_ended(
    const struct invocation *invocation, const char *user_id, const char *sid, const char *count)
{
	static const struct column only[] = {{"ended", COLUMN_NUMBER}, {NULL, COLUMN_TEXT}};
	const struct log_field fields[] = {{"outcome", .text = "session-ended"},
	    {"user", .text = user_id == NULL ? "all" : user_id},
	    {"sid", .text = sid == NULL ? "all" : sid}, {"ended", .text = count}, {.name = NULL}};

	log_event(LEVEL_INFO, "session", fields);
	return report_row(invocation, only, &count);
}

static enum outcome
list(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0];
	struct database *database = open_database(invocation);
	struct report report = report_new(invocation, columns);
	struct rows user, found;
	enum verdict verdict;

	if (database == NULL)
		return OUTCOME_UNDECIDED;
	verdict = query_ask(database, invocation->arena, USER_BY_NAME, &name, &user);
	if (verdict != VERDICT_YES)
		return report_missing(invocation, verdict, "user", name);
	verdict = query_ask(database, invocation->arena, SESSION_LIST, user.values, &found);
	if (verdict == VERDICT_UNDECIDED)
		return OUTCOME_UNDECIDED;
	report_add_rows(&report, &found, 0);
	return report_list(&report);
}

static enum outcome
end(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0], *sid = invocation->arguments[1];
	struct database *database = open_database(invocation);
	enum verdict verdict;
	struct rows user;

	if (database == NULL)
		return OUTCOME_UNDECIDED;
	if (!session_is_id(bytes_of(sid))) {
		command_error(
		    invocation, "SID is 32 hexadecimal digits, as session list shows them");
		return OUTCOME_UNDECIDED;
	}
	verdict = query_ask(database, invocation->arena, USER_BY_NAME, &name, &user);
	if (verdict != VERDICT_YES)
		return report_missing(invocation, verdict, "user", name);
	verdict = query_ask(database, invocation->arena, SESSION_END,
	    (const char *[]){user.values[0], sid, NULL}, NULL);
	if (verdict == VERDICT_NO)
		command_error(invocation, "the user has no such session");
	return verdict == VERDICT_YES ? report_ended(invocation, user.values[0], sid, "1")
				      : command_outcome(verdict);
}

static enum outcome
end_all(const struct invocation *invocation)
{
	bool everybody = command_value(invocation, "everybody") != NULL;
	const char *name = invocation->arguments[0];
	const char *user[] = {NULL, NULL};
	struct database *database;
	enum verdict verdict;
	struct rows rows;

	if (everybody == (name != NULL)) {
		command_error(invocation, "USER or --everybody is expected");
		return OUTCOME_UNDECIDED;
	}
	database = open_database(invocation);
	if (database == NULL)
		return OUTCOME_UNDECIDED;
	if (!everybody) {
		verdict = query_ask(database, invocation->arena, USER_BY_NAME, &name, &rows);
		if (verdict != VERDICT_YES)
			return report_missing(invocation, verdict, "user", name);
		user[0] = rows.values[0];
	}
	verdict = query_ask(database, invocation->arena,
	    everybody ? SESSION_END_EVERY : SESSION_END_ALL, user, &rows);
	return verdict == VERDICT_YES ? report_ended(invocation, user[0], NULL, rows.values[0])
				      : OUTCOME_UNDECIDED;
}

/* Goes through the table once, in the same steps as logins do. */
static enum outcome
sweep(const struct invocation *invocation)
{
	struct database *database = open_database(invocation);
	const char *last[] = {"", "00000000-0000-0000-0000-000000000000"};
	enum verdict verdict;
	struct rows rows;

	if (database == NULL)
		return OUTCOME_UNDECIDED;
	while ((verdict = query_ask(database, invocation->arena, SESSION_SWEEP, last, &rows)) ==
	       VERDICT_YES)
		memcpy(last, rows.values, sizeof(last));
	return verdict == VERDICT_NO ? OUTCOME_YES : OUTCOME_UNDECIDED;
}

const struct command session_commands[] = {
    {.name = "session list",
	.arguments = "USER",
	.summary = "Show the sessions of a user, newest first",
	.examples = "  jwtctl session list alice\n",
	.run = list},
    {.name = "session end",
	.arguments = "USER SID",
	.summary = "End a session; its tokens are refused at once",
	.examples = "  jwtctl session end alice 0123456789abcdef0123456789abcdef\n",
	.run = end},
    {.name = "session end-all",
	.arguments = "[USER]",
	.summary = "End all sessions of a user, or of every user",
	.examples = "  jwtctl session end-all alice\n"
		    "  jwtctl session end-all --everybody\n",
	.options = {{"everybody", NULL, "instead of USER: every user has to log in again"}},
	.run = end_all},
    {.name = "session sweep",
	.summary = "Delete the rows of expired sessions, as logins do too",
	.examples = "  jwtctl session sweep\n",
	.run = sweep},
    {.name = NULL},
};
