/*
 * jwtctl's subcommands for the clients of OpenID Connect (sql/oidc.sql). They write, so they need
 * the role that owns the table: the programs' role may not.
 */
#include "ctl/report.h"

#include "accounts/clients.h"
#include "base/b64url.h"
#include "base/crypto.h"
#include "db/query.h"

#define SECRET_BYTES 32

enum {
	CLIENT_BAD_URIS, /* URIs -> those that the table would refuse */
	CLIENT_ADD,      /* id, name, hash or NULL, redirect URIs, post-logout URIs, scopes, native,
			  * PKCE required, first party, audience, algorithm, introspect. NO: the id is
			  * taken */
	CLIENT_LIST,     /* id or NULL for all -> the columns below */
	CLIENT_SECRET,   /* id, hash. NO: no client with a secret of that id */
	CLIENT_ACTIVE,   /* id, boolean */
	CLIENT_REMOVE,   /* id */
};

/* A list is one text, its words separated by single spaces. */
static const struct statement statements[] = {
    [CLIENT_BAD_URIS] = {"SELECT uri FROM unnest(string_to_array($1::text, ' ')) uri"
			 " WHERE NOT jwt_oidc_uris_good(ARRAY[uri])",
	1, REPEATABLE},
    [CLIENT_ADD] =
	{"INSERT INTO oidc_client (client_id, name, secret, auth_method, redirect_uris,"
	 " post_logout_redirect_uris, scopes, native, require_pkce, first_party, audience,"
	 " id_token_alg, introspect) VALUES ($1, $2, $3,"
	 " CASE WHEN $3::text IS NULL THEN 'none' ELSE 'client_secret_basic' END,"
	 " string_to_array($4, ' '), string_to_array($5, ' '), string_to_array($6, ' '),"
	 " $7::boolean, $8::boolean, $9::boolean, $10, $11, $12::boolean)"
	 " ON CONFLICT DO NOTHING RETURNING 1",
	    12, ONCE},
    [CLIENT_LIST] =
	{"SELECT client_id, name, auth_method, array_to_string(redirect_uris, ' '),"
	 " array_to_string(post_logout_redirect_uris, ' '), array_to_string(scopes, ' '),"
	 " native::text, require_pkce::text, first_party::text, audience, id_token_alg,"
	 " introspect::text, active::text FROM oidc_client WHERE $1::text IS NULL OR client_id = $1"
	 " ORDER BY client_id",
	    1, REPEATABLE},
    [CLIENT_SECRET] = {"UPDATE oidc_client SET secret = $2 WHERE client_id = $1"
		       " AND secret IS NOT NULL RETURNING 1",
	2, REPEATABLE},
    [CLIENT_ACTIVE] =
	{"UPDATE oidc_client SET active = $2::boolean WHERE client_id = $1 RETURNING 1", 2,
	    REPEATABLE},
    [CLIENT_REMOVE] = {"DELETE FROM oidc_client WHERE client_id = $1 RETURNING 1", 1, ONCE},
};

/* In the order of CLIENT_LIST. */
static const struct column columns[] = {{"client_id", COLUMN_TEXT}, {"name", COLUMN_TEXT},
    {"auth_method", COLUMN_TEXT}, {"redirect_uris", COLUMN_TEXT},
    {"post_logout_redirect_uris", COLUMN_TEXT}, {"scopes", COLUMN_TEXT}, {"native", COLUMN_BOOL},
    {"require_pkce", COLUMN_BOOL}, {"first_party", COLUMN_BOOL}, {"audience", COLUMN_TEXT},
    {"id_token_alg", COLUMN_TEXT}, {"introspect", COLUMN_BOOL}, {"active", COLUMN_BOOL},
    {NULL, COLUMN_TEXT}};

/* Over one connection, with a long deadline: a client's sessions, which may be many, end in the
 * same statement. */
static enum verdict
ask(const struct invocation *invocation, size_t statement, const char *const *parameters,
    struct rows *out)
{
	static struct database *database;
	const struct config *config = invocation->config;

	if (database == NULL)
		database =
		    query_open(config, "jwtctl", statements, 10 * config->database_timeout * 1000);
	if (database == NULL)
		return VERDICT_UNDECIDED;
	return query_ask(database, invocation->arena, statement, parameters, out);
}

/* The outcome of a subcommand about the client that the first argument names. */
static enum outcome
outcome_of(const struct invocation *invocation, enum verdict verdict)
{
	return report_missing(invocation, verdict, "client", invocation->arguments[0]);
}

/* A new secret; NULL after a line on standard error. */
static const char *
make_secret(const struct invocation *invocation)
{
	char bytes[SECRET_BYTES];

	if (crypto_random(bytes, sizeof(bytes)))
		return b64url_text(invocation->arena, (struct bytes){bytes, sizeof(bytes)});
	command_error(invocation, "the kernel has no random bytes");
	return NULL;
}

/* Shows the secret for the only time; NULL for a public client, which has none. */
static enum outcome
report_secret(const struct invocation *invocation, const char *secret)
{
	static const struct column both[] = {
	    {"client_id", COLUMN_TEXT}, {"client_secret", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};

	return report_row(invocation, both, (const char *[]){invocation->arguments[0], secret});
}

/* YES, or NO after a line on standard error, which says more than the table's constraint would. */
static enum verdict
check_uris(const struct invocation *invocation, const char *uris)
{
	struct rows rows;
	enum verdict bad = ask(invocation, CLIENT_BAD_URIS, &uris, &rows);

	if (bad == VERDICT_YES)
		command_error(invocation,
		    "%s cannot be a redirect URI: it must be https, http on loopback, or a scheme with "
		    "a dot, without a fragment",
		    report_printable(invocation->arena, rows.values[0]));
	return bad == VERDICT_NO ? VERDICT_YES : bad == VERDICT_YES ? VERDICT_NO : bad;
}

static const char *
option_unless(const struct invocation *invocation, const char *name)
{
	return command_value(invocation, name) == NULL ? "t" : "f";
}

/* Whether the options fit together; false after a line on standard error. */
static bool
options_fit(const struct invocation *invocation, const char *uris, bool public)
{
	const char *fault = NULL;

	if (*uris == '\0')
		fault = "--redirect-uris is missing";
	else if (public && command_value(invocation, "no-pkce") != NULL)
		fault = "a public client needs PKCE";
	else if (public && command_value(invocation, "introspect") != NULL)
		fault = "a client that may ask about tokens needs a secret";
	if (fault != NULL)
		command_error(invocation, "%s", fault);
	return fault == NULL;
}

static enum outcome
add(const struct invocation *invocation)
{
	const char *id = invocation->arguments[0];
	const char *uris = command_or(invocation, "redirect-uris", "");
	const char *after = command_or(invocation, "post-logout-uris", "");
	const char *scopes = command_or(invocation, "scopes", "openid profile email");
	bool public = command_value(invocation, "public") != NULL;
	const char *secret = public ? NULL : make_secret(invocation);
	enum verdict verdict;

	if (!options_fit(invocation, uris, public) || (!public && secret == NULL))
		return OUTCOME_UNDECIDED;
	verdict = check_uris(invocation, uris);
	if (verdict == VERDICT_YES)
		verdict = check_uris(invocation, after);
	if (verdict != VERDICT_YES)
		return command_outcome(verdict);
	verdict = ask(invocation, CLIENT_ADD,
	    (const char *[]){id, command_or(invocation, "name", id),
		public ? NULL : client_secret_hash(invocation->arena, secret), uris, after, scopes,
		command_flag(invocation, "native"), option_unless(invocation, "no-pkce"),
		option_unless(invocation, "third-party"), command_value(invocation, "audience"),
		command_or(invocation, "alg", "RS256"), command_flag(invocation, "introspect")},
	    NULL);
	if (verdict == VERDICT_YES)
		return report_secret(invocation, secret);
	if (verdict == VERDICT_NO)
		command_error(invocation, "there is a client %s already",
		    report_printable(invocation->arena, id));
	return command_outcome(verdict);
}

static enum outcome
new_secret(const struct invocation *invocation)
{
	const char *secret = make_secret(invocation);
	enum verdict verdict;

	if (secret == NULL)
		return OUTCOME_UNDECIDED;
	verdict = ask(invocation, CLIENT_SECRET,
	    (const char *[]){
		invocation->arguments[0], client_secret_hash(invocation->arena, secret)},
	    NULL);
	if (verdict == VERDICT_YES)
		return report_secret(invocation, secret);
	return report_missing(invocation, verdict, "client",
	    arena_printf(invocation->arena, "%s with a secret", invocation->arguments[0]));
}

static enum outcome
list(const struct invocation *invocation)
{
	struct report report = report_new(invocation, columns);
	struct rows rows;
	enum verdict verdict = ask(invocation, CLIENT_LIST, (const char *[]){NULL}, &rows);

	if (verdict == VERDICT_UNDECIDED)
		return OUTCOME_UNDECIDED;
	report_add_rows(&report, &rows, 0);
	return report_list(&report);
}

static enum outcome
show(const struct invocation *invocation)
{
	const char *id = invocation->arguments[0];
	struct rows rows;
	enum verdict verdict = ask(invocation, CLIENT_LIST, &id, &rows);

	if (verdict == VERDICT_YES)
		report_row(invocation, columns, rows.values);
	return outcome_of(invocation, verdict);
}

static enum outcome
set_active(const struct invocation *invocation)
{
	const char *const parameters[] = {invocation->arguments[0], invocation->command->active};

	return outcome_of(invocation, ask(invocation, CLIENT_ACTIVE, parameters, NULL));
}

static enum outcome
remove_client(const struct invocation *invocation)
{
	const char *id = invocation->arguments[0];

	return outcome_of(invocation, ask(invocation, CLIENT_REMOVE, &id, NULL));
}

const struct command client_commands[] = {
    {.name = "client add",
	.arguments = "ID",
	.summary = "Add a client of OpenID Connect; its secret is shown only now",
	.examples = "  jwtctl client add wiki --redirect-uris https://wiki.example.com/callback\n"
		    "  jwtctl client add app --public --redirect-uris 'https://app.example.com/in "
		    "https://app.example.com/silent'\n",
	.options = {{"name", "TEXT", "shown on the login pages; default: ID"},
	    {"redirect-uris", "URIS", "where users return to after a login, separated by spaces"},
	    {"post-logout-uris", "URIS", "where users may return to after a logout"},
	    {"scopes", "SCOPES", "which it may request; default: openid profile email"},
	    {"audience", "AUDIENCE", "aud of its access tokens; default: JWT_OIDC_AUDIENCE"},
	    {"alg", "ALGORITHM", "of its ID tokens; default: RS256"},
	    {"public", NULL, "has no secret: a web page, an application on a telephone"},
	    {"native", NULL,
		"loopback redirect URIs may have any port; asks for consent each time"},
	    {"third-party", NULL, "asks users once for their consent"},
	    {"no-pkce", NULL, "does not need PKCE; only for a client with a secret"},
	    {"introspect", NULL, "may introspect and revoke tokens of /api/token/ too"}},
	.run = add},
    {.name = "client list",
	.summary = "Show all clients",
	.examples = "  jwtctl client list --json | jq -r '.[].client_id'\n",
	.run = list},
    {.name = "client show",
	.arguments = "ID",
	.summary = "Show a client",
	.examples = "  jwtctl client show wiki\n",
	.run = show},
    {.name = "client secret",
	.arguments = "ID",
	.summary = "Replace a client's secret; the new one is shown only now",
	.examples = "  jwtctl client secret wiki\n",
	.run = new_secret},
    {.name = "client disable",
	.arguments = "ID",
	.summary = "Refuse a client, and end its sessions and tokens",
	.examples = "  jwtctl client disable wiki\n",
	.active = "f",
	.run = set_active},
    {.name = "client enable",
	.arguments = "ID",
	.summary = "Accept a client again",
	.examples = "  jwtctl client enable wiki\n",
	.active = "t",
	.run = set_active},
    {.name = "client remove",
	.arguments = "ID",
	.summary = "Delete a client, and end its sessions and tokens",
	.examples = "  jwtctl client remove wiki\n",
	.run = remove_client},
    {.name = NULL},
};
