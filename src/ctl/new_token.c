/*
 * jwtctl's subcommand that makes a token.
 */
#include "endpoints/issue.h"

#include "ctl/report.h"
#include "signing/keyring.h"

#include <stdio.h>
#include <string.h>

static bool
read_type(const struct invocation *invocation, enum token_kind *out)
{
	const char *type = option_value(invocation, "type");

	*out = TOKEN_ACCESS;
	if (type == NULL)
		return true;
	for (enum token_kind kind = TOKEN_ACCESS; kind <= TOKEN_SLIDING; kind++)
		if (strcmp(type, token_type(kind)) == 0) {
			*out = kind;
			return true;
		}
	command_error(invocation, "--type takes access, refresh or sliding");
	return false;
}

/*
 * The account of that id, where the token is to be listed or carries a digest of the password; NULL
 * after a line on standard error. Without it a token is made all the same, of what the id says.
 */
static struct accounts *
find_owner(const struct invocation *invocation, enum token_kind kind, struct account *owner)
{
	const struct config *config = invocation->config;
	struct accounts *accounts;
	struct account found;
	enum verdict verdict;

	if (!issue_lists(config, kind) && !config->check_revoke_token)
		return NULL;
	accounts = accounts_open(config, "jwtctl", false);
	verdict = accounts == NULL
		      ? VERDICT_UNDECIDED
		      : account_find(accounts, invocation->arena, owner->user_id, &found);
	if (verdict == VERDICT_YES) {
		*owner = found;
		return accounts;
	}
	command_error(invocation,
	    verdict == VERDICT_NO
		? "there is no user of that id: the token is not listed as outstanding"
		: "the database has not answered: the token is not listed as outstanding");
	return NULL;
}

static bool
is_number(const char *text)
{
	return *text != '\0' && *text != '0' && strspn(text, "0123456789") == strlen(text);
}

/* NULL after a line on standard error. */
static const char *
issue_and_list(const struct invocation *invocation, const struct claims_context *context,
    enum token_kind kind, struct json_object **claims)
{
	const char *user = option_value(invocation, "user"), *token;
	struct account owner = {.user_id = user, .user_id_integer = is_number(user)};
	struct accounts *accounts = find_owner(invocation, kind, &owner);

	token = issue_token(context, kind, &owner, NULL, NULL, claims);
	if (token == NULL)
		command_error(invocation, "OpenSSL failed");
	else if (accounts != NULL && issue_lists(context->config, kind) &&
		 issue_list(context, accounts, *claims, token, owner.key, true) != VERDICT_YES)
		command_error(invocation, "the token is not listed as outstanding");
	return token;
}

static enum outcome
issue(const struct invocation *invocation)
{
	static const struct column columns[] = {{"token", COLUMN_TEXT}, {"type", COLUMN_TEXT},
	    {"expires", COLUMN_TIME}, {NULL, COLUMN_TEXT}};
	struct report report = report_new(invocation, columns);
	const char *user = option_value(invocation, "user"), *token;
	struct claims_context context = {.arena = invocation->arena, .config = invocation->config};
	struct json_object *claims;
	enum token_kind kind;
	int64_t expires = 0;

	if (user == NULL || *user == '\0') {
		command_error(invocation, "--user is needed; see --help");
		return OUTCOME_UNDECIDED;
	}
	if (!read_type(invocation, &kind) || !option_clock(invocation, &context.now) ||
	    (context.keyring = keyring_load(invocation->config, KEYRING_SIGNS)) == NULL)
		return OUTCOME_UNDECIDED;
	token = issue_and_list(invocation, &context, kind, &claims);
	keyring_free(context.keyring);
	if (token == NULL)
		return OUTCOME_UNDECIDED;
	claims_time(claims, "exp", &expires);
	const char *cells[] = {token, token_type(kind), report_number(invocation->arena, expires)};
	report_add(&report, cells);
	if (invocation->json)
		report_one(&report);
	else
		puts(token);
	return OUTCOME_YES;
}

const struct command issue_commands[] = {
    {
	.name = "issue",
	.summary = "Make a token with the configured key, listed as one of a login is",
	.examples =
	    "  jwtctl issue --user 1\n"
	    "  JWT_KEY_DIR=/etc/jwt-fcgi/keys jwtctl issue --user 1 --type refresh --json\n",
	.options = {{"user", "ID", "the user id in the token"},
	    {"type", "TYPE", "access (the default), refresh or sliding"},
	    {"now", "SECONDS", "the time, since the epoch, in place of the clock's"}},
	.configured = true,
	.run = issue,
    },
    {.name = NULL},
};
