/*
 * jwtctl's subcommands that say whether logins would succeed.
 */
#include "ctl/newpassword.h"
#include "ctl/people.h"
#include "ctl/report.h"

#include "accounts/logins.h"
#include "accounts/password.h"
#include "accounts/throttle.h"
#include "base/utf8.h"

#include <string.h>

/* Seconds until a login of that name may be tried. Does not count as a try. */
static long
throttled_for(const struct invocation *invocation, const char *name)
{
	const char *address = command_value(invocation, "from");
	int64_t now = invocation->now;
	struct throttle *throttle;
	struct attempt attempt;
	long wait;

	if (!invocation->config->throttle)
		return 0;
	throttle = throttle_open(invocation->config);
	if (throttle == NULL) {
		command_error(invocation,
		    "whether logins are throttled was not looked at: run it as the programs' user");
		return 0;
	}
	wait = throttle_try(throttle, address, bytes_of(name), now, &attempt);
	if (wait == 0)
		throttle_settle(throttle, &attempt, VERDICT_UNDECIDED, now);
	return wait;
}

static void
report_login(const struct invocation *invocation, const char *reason, long wait)
{
	static const struct column columns[] = {{"login", COLUMN_BOOL}, {"reason", COLUMN_TEXT},
	    {"meaning", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};
	static const char *const meanings[][2] = {{"no-such-name", "there is no user of that name"},
	    {"wrong-password", "the user has another password"},
	    {"inactive", "the user is disabled; see jwtctl user enable"},
	    {"no-password", "no password is set; see jwtctl user password"},
	    {"unknown-hash",
		"no login verifies a stored password of this format; see jwtctl user hashes"}};
	const char *cells[] = {reason == NULL ? "true" : "false", reason, "a login succeeds"};

	for (size_t i = 0; reason != NULL && i < sizeof(meanings) / sizeof(*meanings); i++)
		if (strcmp(meanings[i][0], reason) == 0)
			cells[2] = meanings[i][1];
	if (wait > 0)
		cells[2] = arena_printf(
		    invocation->arena, "passwords were wrong; the next try counts in %ld s", wait);
	report_row(invocation, columns, cells);
}

/* Verifies as a login does, but never replaces the stored hash by a newer one. */
static enum outcome
test(const struct invocation *invocation)
{
	const char *name = invocation->arguments[0];
	struct config config = *invocation->config;
	struct account account = {.refusal = NULL};
	struct accounts *accounts;
	struct bytes password;
	enum verdict verdict;
	long wait;

	if (utf8_strip(bytes_of(name)).length < strlen(name)) {
		command_error(invocation, "a login drops the white space around the name");
		return OUTCOME_UNDECIDED;
	}
	config.password_rehash = "off";
	accounts = accounts_open(&config, "jwtctl", false);
	if (accounts == NULL || !newpassword_ask(invocation, &password))
		return OUTCOME_UNDECIDED;
	wait = throttled_for(invocation, name);
	if (wait > 0) {
		report_login(invocation, "throttled", wait);
		return OUTCOME_NO;
	}
	verdict = login_verify(accounts, invocation->arena, bytes_of(name), password, &account);
	if (verdict == VERDICT_UNDECIDED)
		return OUTCOME_UNDECIDED;
	report_login(invocation, verdict == VERDICT_YES ? NULL : account.refusal, 0);
	return verdict == VERDICT_YES ? OUTCOME_YES : OUTCOME_NO;
}

/* Status 1 if there are stored passwords that no login can verify. */
static enum outcome
hashes(const struct invocation *invocation)
{
	static const struct column counted[] = {{"format", COLUMN_TEXT}, {"count", COLUMN_NUMBER},
	    {"verified", COLUMN_BOOL}, {NULL, COLUMN_TEXT}};
	struct people *people = people_open(invocation);
	struct report report = report_new(invocation, counted);
	const struct password_policy policy = {.legacy = invocation->config->password_legacy};
	enum outcome outcome = OUTCOME_YES;
	enum verdict verdict;
	struct rows found;

	if (people == NULL)
		return OUTCOME_UNDECIDED;
	verdict = people_ask(people, PEOPLE_HASHES, NULL, &found);
	if (verdict == VERDICT_UNDECIDED)
		return OUTCOME_UNDECIDED;
	for (size_t i = 0; verdict == VERDICT_YES && i < found.count; i++) {
		const char *const *row = query_row(&found, i);
		enum password_kind kind = password_kind(&policy, row[1]);
		const char *cells[] = {people_hash_format(people, row[1], false), row[0],
		    kind == PASSWORD_KNOWN ? "true" : "false"};

		report_add(&report, cells);
		if (kind == PASSWORD_UNKNOWN)
			outcome = OUTCOME_NO;
	}
	report_list(&report);
	return outcome;
}

const struct command user_test_commands[] = {
    {.name = "user test",
	.arguments = "NAME",
	.summary = "Ask for a user's password and say why a login would fail",
	.examples = "  jwtctl user test alice\n",
	.options = {{"from", "ADDRESS", "the client's address, if logins are throttled"}},
	.run = test},
    {.name = "user hashes",
	.summary = "Count the stored passwords by format; status 1: no login verifies some",
	.examples = "  jwtctl user hashes\n",
	.run = hashes},
    {.name = NULL},
};
