/*
 * jwtctl issue: makes a token.
 */
#include "endpoints/credentials.h"
#include "endpoints/custom.h"
#include "endpoints/outstanding.h"

#include "ctl/report.h"
#include "signing/keyring.h"

#include <stdio.h>
#include <string.h>

static bool
read_type(const struct invocation *invocation, enum token_kind *out)
{
	const char *type = command_or(invocation, "type", claims_type(TOKEN_ACCESS));

	for (*out = TOKEN_ACCESS; *out <= TOKEN_SLIDING; (*out)++)
		if (strcmp(type, claims_type(*out)) == 0)
			return true;
	command_error(invocation, "--type takes access, refresh or sliding");
	return false;
}

/* What it means for the token that the account was not found. */
static const char *
consequence(const struct config *config, enum verdict verdict)
{
	if (config->claims_query == NULL)
		return "the token is not listed as outstanding";
	return verdict == VERDICT_NO
		   ? "the token has no claims of JWT_CLAIMS_QUERY and is not listed as outstanding"
		   : "no token is made without the claims of JWT_CLAIMS_QUERY";
}

/*
 * Finds the account of owner->user_id, if the token is to be listed or needs claims of
 * JWT_CLAIMS_QUERY or a digest of the password. YES with *out NULL: there was no need. NO or
 * UNDECIDED after a line on standard error, with *out NULL.
 */
static enum verdict
find_owner(const struct invocation *invocation, enum token_kind kind, struct account *owner,
    struct accounts **out)
{
	const struct config *config = invocation->config;
	struct accounts *accounts;
	struct account found;
	enum verdict verdict;

	*out = NULL;
	if (!outstanding_takes(config, kind) && !config->check_revoke_token &&
	    config->claims_query == NULL)
		return VERDICT_YES;
	accounts = accounts_open(config, "jwtctl", false);
	verdict = accounts == NULL
		      ? VERDICT_UNDECIDED
		      : account_find(accounts, invocation->arena, owner->user_id, &found);
	if (verdict == VERDICT_YES) {
		*owner = found;
		*out = accounts;
	} else {
		command_error(invocation, "%s: %s",
		    verdict == VERDICT_NO ? "there is no user of that id"
					  : "the database has not answered",
		    consequence(config, verdict));
	}
	return verdict;
}

static bool
is_number(const char *text)
{
	return *text != '\0' && *text != '0' && strspn(text, "0123456789") == strlen(text);
}

/*
 * NULL after a line on standard error. If the database does not answer a token is made
 * nevertheless, from the id alone, unless JWT_CLAIMS_QUERY has claims for it.
 */
static const char *
issue_and_list(const struct invocation *invocation, const struct claims_context *signing,
    enum token_kind kind, struct json_object **claims)
{
	const char *user = command_value(invocation, "user"), *token;
	struct account owner = {.user_id = user, .user_id_integer = is_number(user)};
	struct json_object *custom = NULL;
	struct accounts *accounts;
	enum verdict found = find_owner(invocation, kind, &owner, &accounts);

	if (found == VERDICT_UNDECIDED && signing->config->claims_query != NULL)
		return NULL;
	if (accounts != NULL && !custom_read(signing, accounts, CLAIMS, owner.user_id, &custom))
		return NULL;
	token = credentials_token(signing, kind, &owner, NULL, custom, claims);
	if (token == NULL)
		command_error(invocation, "the token cannot be signed");
	else if (accounts != NULL && outstanding_takes(signing->config, kind) &&
		 outstanding_list(signing, accounts, *claims, token, owner.key, true) !=
		     VERDICT_YES)
		command_error(invocation, "the token is not listed as outstanding");
	return token;
}

static enum outcome
issue(const struct invocation *invocation)
{
	static const struct column columns[] = {{"token", COLUMN_TEXT}, {"type", COLUMN_TEXT},
	    {"expires", COLUMN_TIME}, {NULL, COLUMN_TEXT}};
	const char *user = command_value(invocation, "user"), *token;
	struct claims_context signing = {.arena = invocation->arena, .config = invocation->config};
	struct json_object *claims;
	enum token_kind kind;
	int64_t expires = 0;

	if (user == NULL || *user == '\0') {
		command_error(invocation, "--user is needed; see --help");
		return OUTCOME_UNDECIDED;
	}
	if (!read_type(invocation, &kind) || !command_clock(invocation, &signing.now) ||
	    (signing.keyring = keyring_load(invocation->config, KEYRING_SIGNS)) == NULL)
		return OUTCOME_UNDECIDED;
	token = issue_and_list(invocation, &signing, kind, &claims);
	keyring_free(signing.keyring);
	if (token == NULL)
		return OUTCOME_UNDECIDED;
	claims_time(claims, "exp", &expires);
	const char *cells[] = {token, claims_type(kind), report_number(invocation->arena, expires)};
	if (invocation->json)
		return report_row(invocation, columns, cells);
	puts(token);
	return OUTCOME_YES;
}

const struct command token_issue_commands[] = {
    {
	.name = "issue",
	.summary = "Issue a token with the configured key; it is listed like that of a login",
	.examples =
	    "  jwtctl issue --user 1\n"
	    "  JWT_KEY_DIR=/etc/jwt-fcgi/keys jwtctl issue --user 1 --type refresh --json\n",
	.options = {{"user", "ID", "the user id in the token"},
	    {"type", "TYPE", "access (the default), refresh or sliding"},
	    {"now", "SECONDS", "since the epoch; default: the current time"}},
	.run = issue,
    },
    {.name = NULL},
};
