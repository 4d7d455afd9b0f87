/*
 * jwtctl's subcommands for sessions (JWT_SESSIONS). They work with the role of the programs.
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

/* NULL after a word on standard error. */
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

/* The id of the user that the first argument names, as tokens have it. NO and UNDECIDED after a
 * word. */
static enum verdict
find_user(const struct invocation *invocation, struct database *database, const char **user_id)
{
	const char *name = invocation->arguments[0];
	struct rows rows;
	enum verdict verdict = query_ask(database, invocation->arena, USER_BY_NAME, &name, &rows);

	if (verdict == VERDICT_NO)
		command_error(invocation, "there is no user %s",
		    report_printable(invocation->arena, name).data);
	if (verdict == VERDICT_YES)
		*user_id = rows.values[0];
	return verdict;
}

/* The line for an audit: who lost which sessions. NULL: all users, or all sessions. */
static void
log_ended(const char *user_id, const char *sid, const char *count)
{
	const struct log_field fields[] = {{"outcome", .text = "session-ended"},
	    {"user", .text = user_id == NULL ? "all" : user_id},
	    {"sid", .text = sid == NULL ? "all" : sid}, {"ended", .text = count}, {.name = NULL}};

	log_event(LEVEL_INFO, "session", fields);
}

static enum outcome
report_count(const struct invocation *invocation, const char *count)
{
	static const struct column only[] = {{"ended", COLUMN_NUMBER}, {NULL, COLUMN_TEXT}};
	struct report report = report_new(invocation, only);

	report_add(&report, &count);
	report_one(&report);
	return OUTCOME_YES;
}

static enum outcome
list(const struct invocation *invocation)
{
	const char *user_id;
	struct database *database = open_database(invocation);
	struct report report = report_new(invocation, columns);
	enum verdict verdict;
	struct rows rows;

	if (database == NULL)
		return OUTCOME_UNDECIDED;
	verdict = find_user(invocation, database, &user_id);
	if (verdict != VERDICT_YES)
		return command_outcome(verdict);
	verdict = query_ask(database, invocation->arena, SESSION_LIST, &user_id, &rows);
	if (verdict == VERDICT_UNDECIDED)
		return OUTCOME_UNDECIDED;
	for (size_t row = 0; verdict == VERDICT_YES && row < rows.count; row++)
		report_add(&report, &rows.values[row * rows.columns]);
	report_list(&report);
	return OUTCOME_YES;
}

static enum outcome
end(const struct invocation *invocation)
{
	const char *user_id, *sid = invocation->arguments[1];
	struct database *database = open_database(invocation);
	enum verdict verdict;

	if (database == NULL)
		return OUTCOME_UNDECIDED;
	if (strlen(sid) != SESSION_ID_SIZE - 1 || strspn(sid, "0123456789abcdef") != strlen(sid)) {
		command_error(
		    invocation, "SID is 32 hexadecimal digits, as session list shows them");
		return OUTCOME_UNDECIDED;
	}
	verdict = find_user(invocation, database, &user_id);
	if (verdict != VERDICT_YES)
		return command_outcome(verdict);
	verdict = query_ask(
	    database, invocation->arena, SESSION_END, (const char *[]){user_id, sid, NULL}, NULL);
	if (verdict == VERDICT_NO)
		command_error(invocation, "the user has no such session");
	if (verdict != VERDICT_YES)
		return command_outcome(verdict);
	log_ended(user_id, sid, "1");
	return report_count(invocation, "1");
}

static enum outcome
end_all(const struct invocation *invocation)
{
	bool everybody = option_value(invocation, "everybody") != NULL;
	const char *user_id = NULL;
	struct database *database;
	enum verdict verdict = VERDICT_YES;
	struct rows rows;

	if (everybody == (invocation->arguments[0] != NULL)) {
		command_error(invocation, "USER or --everybody is expected");
		return OUTCOME_UNDECIDED;
	}
	database = open_database(invocation);
	if (database == NULL)
		return OUTCOME_UNDECIDED;
	if (!everybody)
		verdict = find_user(invocation, database, &user_id);
	if (verdict != VERDICT_YES)
		return command_outcome(verdict);
	verdict =
	    query_ask(database, invocation->arena, everybody ? SESSION_END_EVERY : SESSION_END_ALL,
		(const char *[]){user_id, NULL}, &rows);
	if (verdict != VERDICT_YES)
		return OUTCOME_UNDECIDED;
	log_ended(user_id, NULL, rows.values[0]);
	return report_count(invocation, rows.values[0]);
}

/* Once around the table, in the steps that logins take. */
static enum outcome
sweep(const struct invocation *invocation)
{
	struct database *database = open_database(invocation);
	const char *hand[] = {"", "00000000-0000-0000-0000-000000000000"};
	enum verdict verdict;
	struct rows rows;

	if (database == NULL)
		return OUTCOME_UNDECIDED;
	while ((verdict = query_ask(database, invocation->arena, SESSION_SWEEP, hand, &rows)) ==
	       VERDICT_YES)
		memcpy(hand, rows.values, sizeof(hand));
	return verdict == VERDICT_NO ? OUTCOME_YES : OUTCOME_UNDECIDED;
}

const struct command session_commands[] = {
    {.name = "session list",
	.arguments = "USER",
	.summary = "Show the sessions of a user, newest first",
	.examples = "  jwtctl session list alice\n",
	.configured = true,
	.run = list},
    {.name = "session end",
	.arguments = "USER SID",
	.summary = "End a session; its access tokens end at once",
	.examples = "  jwtctl session end alice 0123456789abcdef0123456789abcdef\n",
	.configured = true,
	.run = end},
    {.name = "session end-all",
	.arguments = "[USER]",
	.summary = "End all sessions of a user, or of every user",
	.examples = "  jwtctl session end-all alice\n"
		    "  jwtctl session end-all --everybody\n",
	.options = {{"everybody", NULL, "in place of USER: every user has to log in again"}},
	.configured = true,
	.run = end_all},
    {.name = "session sweep",
	.summary = "Delete the rows of expired sessions, which logins do too",
	.examples = "  jwtctl session sweep\n",
	.configured = true,
	.run = sweep},
    {.name = NULL},
};
