/*
 * Drives the accounts' part of OpenID Connect from a pipe, for tests/e2e/test_oidc_state.py. A
 * request is a line: a command and its arguments, separated by tabs; "-" is NULL. The answer is a
 * line alike: "yes", "no" or "undecided" and what the command returns; see commands[].
 */
#include "accounts/accounts.h"
#include "accounts/clients.h"
#include "accounts/codes.h"
#include "accounts/logins.h"
#include "accounts/operator_query.h"
#include "accounts/provider_sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS 8

struct tool {
	const struct config *config;
	struct accounts *accounts;
	struct sessions *sessions;
	struct arena *arena;
};

static void
put(const char *text)
{
	printf("\t%s", text == NULL ? "-" : text);
}

static void
put_number(int64_t number)
{
	printf("\t%lld", (long long)number);
}

static enum verdict
done(enum verdict verdict)
{
	fputs(verdict == VERDICT_YES ? "yes" : verdict == VERDICT_NO ? "no" : "undecided", stdout);
	return verdict;
}

static void
put_words(const char *const *words)
{
	fputs("\t", stdout);
	for (size_t i = 0; words[i] != NULL; i++)
		printf("%s%s", i == 0 ? "" : " ", words[i]);
}

static void
check(struct tool *tool, char **arguments)
{
	(void)arguments;
	done(accounts_check(tool->accounts, tool->arena, true));
}

static void
client(struct tool *tool, char **arguments)
{
	struct client found;

	if (done(client_find(tool->accounts, tool->arena, arguments[0], &found)) != VERDICT_YES)
		return;
	put(found.name);
	put(found.secret);
	put_words(found.redirect_uris);
	put_words(found.post_logout_redirect_uris);
	put_words(found.scopes);
	put(found.id_token_alg);
	put(found.audience);
	printf("\t%d%d%d", found.native, found.require_pkce, found.first_party);
}

static void
secret(struct tool *tool, char **arguments)
{
	struct client found;
	bool known = client_find(tool->accounts, tool->arena, arguments[0], &found) == VERDICT_YES;

	done(client_secret_matches(known ? &found : NULL, arguments[1]) ? VERDICT_YES : VERDICT_NO);
}

static void
consent(struct tool *tool, char **arguments)
{
	done(client_consent(tool->accounts, tool->arena, arguments[0], arguments[1], arguments[2]));
}

static void
consented(struct tool *tool, char **arguments)
{
	done(client_consented(
	    tool->accounts, tool->arena, arguments[0], arguments[1], arguments[2]));
}

static void
put_browser(const struct provider_session *browser)
{
	put(browser->user_id);
	put(browser->sid);
	put(browser->name);
	put_number(browser->auth_time);
}

static void
login(struct tool *tool, char **arguments)
{
	static const struct device nowhere;
	struct provider_session browser;
	struct account account;
	const char *cookie;
	enum verdict verdict = login_verify(
	    tool->accounts, tool->arena, bytes_of(arguments[0]), bytes_of(arguments[1]), &account);

	if (verdict == VERDICT_YES)
		verdict = provider_session_begin(
		    tool->sessions, tool->arena, &account, &nowhere, &browser, &cookie);
	if (done(verdict) != VERDICT_YES)
		return;
	put(cookie);
	put_browser(&browser);
}

static void
browser(struct tool *tool, char **arguments)
{
	struct provider_session found;

	if (done(provider_session_find(
		tool->sessions, tool->arena, bytes_of(arguments[0]), &found)) == VERDICT_YES)
		put_browser(&found);
}

static void
logout(struct tool *tool, char **arguments)
{
	struct provider_session found;
	enum verdict verdict =
	    provider_session_find(tool->sessions, tool->arena, bytes_of(arguments[0]), &found);

	done(verdict == VERDICT_YES ? provider_session_end(tool->sessions, tool->arena, &found)
				    : verdict);
}

static void
create(struct tool *tool, char **arguments)
{
	const struct code code = {.client_id = arguments[0],
	    .user_id = arguments[1],
	    .scopes = arguments[2],
	    .redirect_uri = arguments[3],
	    .code_challenge = arguments[4],
	    .nonce = arguments[5],
	    .browser_sid = arguments[6]};
	const char *text;

	if (done(code_create(tool->sessions, tool->arena, &code, &text)) == VERDICT_YES)
		put(text);
}

static enum verdict
find_code(struct tool *tool, char **arguments, struct code *out)
{
	const struct code_use use = {arguments[1], arguments[2], arguments[3]};

	return code_read(tool->sessions, tool->arena, arguments[0], &use, out);
}

/* Code, client, redirect URI, challenge. */
static void
read_code(struct tool *tool, char **arguments)
{
	struct code code;

	if (done(find_code(tool, arguments, &code)) != VERDICT_YES)
		return;
	put(code.user_id);
	put(code.scopes);
	put(code.nonce);
	put_number(code.auth_time);
	put(code.sid);
}

/* YES: the session of the terms has begun; as oauth_token does it. */
static enum verdict
take_code(struct tool *tool, char **arguments, const struct session_terms *terms, long *seconds)
{
	struct code code;
	struct account owner;
	enum verdict verdict = find_code(tool, arguments, &code);

	if (verdict != VERDICT_YES)
		return verdict;
	if (code.sid == NULL || strcmp(code.sid, terms->sid) == 0)
		return code_redeem(tool->sessions, tool->arena, &code, terms, &owner, seconds);
	verdict = sessions_end(tool->sessions, tool->arena, code.user_id, code.sid);
	return verdict == VERDICT_YES ? VERDICT_NO : verdict;
}

/* Code, client, redirect URI, challenge, sid or NULL, "offline" or "online". */
static void
redeem(struct tool *tool, char **arguments)
{
	char sid[SESSION_ID_SIZE];
	struct session_terms terms =
	    session_client_terms(tool->config, arguments[1], strcmp(arguments[5], "offline") == 0);
	long seconds;

	if (!session_new_id(sid))
		exit(EXIT_FAILURE);
	terms.sid = arguments[4] == NULL ? sid : arguments[4];
	if (done(take_code(tool, arguments, &terms, &seconds)) != VERDICT_YES)
		return;
	put(terms.sid);
	put_number(seconds);
}

/* Client, user, sid, generation: the outcome, generation, seconds. */
static void
refresh(struct tool *tool, char **arguments)
{
	static const char *const words[] = {[SESSION_UNAVAILABLE] = "unavailable",
	    [SESSION_OK] = "ok",
	    [SESSION_RECOVERED] = "recovered",
	    [SESSION_BEHIND] = "behind",
	    [SESSION_REPLAYED] = "replayed",
	    [SESSION_ENDED] = "ended",
	    [SESSION_EXPIRED] = "expired",
	    [SESSION_NO_ACCOUNT] = "no-account"};
	const struct session_terms terms = session_client_terms(tool->config, arguments[0], true);
	struct session shown = {.gen = atol(arguments[3])}, given = {.gen = 0};
	enum session_outcome outcome;

	snprintf(shown.sid, sizeof(shown.sid), "%s", arguments[2]);
	outcome =
	    sessions_refresh(tool->sessions, tool->arena, &terms, arguments[1], &shown, &given);
	fputs(words[outcome], stdout);
	put_number(given.gen);
	put_number(given.seconds);
}

static void
profile(struct tool *tool, char **arguments)
{
	const char *user_id = arguments[0], *row;

	if (done(operator_query_ask(tool->accounts, tool->arena, PROFILE, &user_id, &row)) ==
	    VERDICT_YES)
		put(row);
}

static const struct {
	const char *name;
	void (*run)(struct tool *, char **arguments);
} commands[] = {{"check", check}, {"client", client}, {"secret", secret}, {"consent", consent},
    {"consented", consented}, {"login", login}, {"browser", browser}, {"logout", logout},
    {"create", create}, {"read", read_code}, {"redeem", redeem}, {"refresh", refresh},
    {"profile", profile}};

static void
run(struct tool *tool, char *line)
{
	char *arguments[ARGUMENTS] = {NULL}, *name = strsep(&line, "\t");

	for (size_t i = 0; i < ARGUMENTS && line != NULL; i++) {
		arguments[i] = strsep(&line, "\t");
		if (strcmp(arguments[i], "-") == 0)
			arguments[i] = NULL;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			commands[i].run(tool, arguments);
	puts("");
	fflush(stdout);
}

int
main(void)
{
	static struct tool tool;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	tool.config = config_load(NULL);
	tool.accounts = tool.config == NULL ? NULL : accounts_open(tool.config, "oidc_tool", true);
	if (tool.accounts == NULL)
		return EXIT_FAILURE;
	tool.sessions = sessions_open(tool.config, tool.accounts->database);
	tool.arena = arena_new();
	while ((length = getline(&line, &size, stdin)) > 0) {
		line[length - 1] = '\0';
		run(&tool, line);
		arena_reset(tool.arena);
	}
	free(line);
	return EXIT_SUCCESS;
}
