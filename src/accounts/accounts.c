#include "accounts/accounts.h"

#include "accounts/account_row.h"
#include "accounts/clients.h"
#include "accounts/operator_query.h"
#include "accounts/password.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/statements.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define DEAREST_MAXIMUM 256 /* Django's column holds 128 */
#define KEEP_MARGIN     120 /* seconds, for clocks of several hosts */
#define SESSION_COLUMNS 3   /* before those of the account, of SESSION_JUDGE */

/* Of the hashes that were verified, the one that took most work. */
struct dearest {
	char stored[DEAREST_MAXIMUM]; /* without its digest; "": the setting is the dearest */
	long cost;                    /* PBKDF2 iterations, when it was verified last */
};

struct accounts {
	const struct config *config;
	struct database *database;
	struct feed *feed; /* may be NULL */
	struct clients *clients;
	struct password_policy policy;
	enum password_rehash rehash;
	struct dearest dearest;
	bool own_tables; /* users come from JWT_USER_TABLE, not from JWT_USER_QUERY */
};

struct accounts *
accounts_open(const struct config *config, const char *program, bool names)
{
	struct arena *arena = arena_of_process();
	struct accounts *accounts = arena_alloc(arena, sizeof(*accounts));

	accounts->config = config;
	accounts->policy.iterations = config->pbkdf2_iterations;
	accounts->policy.legacy = config->password_legacy;
	accounts->rehash = strcmp(config->password_rehash, "off") == 0      ? REHASH_OFF
			   : strcmp(config->password_rehash, "django") == 0 ? REHASH_DJANGO
									    : REHASH_UPGRADE;
	accounts->dearest.cost = config->pbkdf2_iterations;
	accounts->own_tables = config->user_query == NULL;
	accounts->database = query_open(
	    config, program, statements_make(arena, config), config->database_timeout * 1000);
	if (accounts->database == NULL)
		return NULL;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		query_name(accounts->database, (size_t)i,
		    operator_query_setting(config, (enum statement_number)i));
	accounts->feed = feed_open(config, accounts->database, names);
	if (config->oidc_issuer != NULL)
		accounts->clients = clients_new(config);
	return accounts;
}

/* As query_ask(); an error is counted. */
static enum verdict
ask(struct accounts *accounts, struct arena *arena, enum statement_number statement,
    const char *const *parameters, struct rows *out)
{
	enum verdict verdict = query_ask(accounts->database, arena, statement, parameters, out);

	if (verdict == VERDICT_UNDECIDED)
		metrics_database_error();
	return verdict;
}

/* The setting that a statement comes from, to be named in the log. */
static const char *
setting_of(const struct accounts *accounts, enum statement_number statement)
{
	const char *setting = operator_query_setting(accounts->config, statement);

	if (setting != NULL)
		return setting;
	if (accounts->own_tables)
		return statement == USER_BY_NAME ? "JWT_USERNAME_FIELD" : "JWT_USER_ID_FIELD";
	return statement == USER_BY_NAME ? "JWT_USER_QUERY" : "JWT_USER_ID_QUERY";
}

/* Whether the text of a statement is the project's, not the operator's. */
static bool
is_own(const struct accounts *accounts, enum statement_number statement)
{
	if (operator_query_setting(accounts->config, statement) != NULL)
		return false;
	return accounts->own_tables || (statement != USER_BY_NAME && statement != USER_BY_ID);
}

/* Why a statement cannot work, in a line's form; NULL: it can, or *verdict is UNDECIDED. */
static const char *
find_fault(struct accounts *accounts, struct arena *arena, enum statement_number statement,
    bool rights, enum verdict *verdict)
{
	bool is_user = statement == USER_BY_NAME || statement == USER_BY_ID;
	bool own = is_own(accounts, statement);
	struct rows columns;
	const char *fault = NULL, *row_fault = NULL;

	*verdict = query_describe(accounts->database, arena, statement, rights, &columns, &fault);
	if (is_user && (*verdict == VERDICT_YES || columns.columns > 0))
		row_fault = account_row_fault(arena, &columns, accounts->config->sessions);
	if (statement >= CLAIMS_TEXT && *verdict == VERDICT_YES && columns.names != NULL)
		row_fault = operator_query_fault(arena, accounts->config, statement, &columns);
	if (row_fault != NULL)
		fault = row_fault;
	if (fault == NULL)
		return NULL;
	*verdict = VERDICT_NO;
	return arena_printf(arena, "%s: %s%s", own ? "database" : setting_of(accounts, statement),
	    fault,
	    !own                              ? ""
	    : statement == PERMISSION         ? "; sql/permissions.sql grants the rights; "
						"JWT_PERMISSION_QUERY is for other tables"
	    : strncmp(fault, "42501", 5) == 0 ? "; sql/roles.sql grants the rights"
	    : statement >= CLIENT_FIND        ? "; sql/oidc.sql makes the tables"
	    : statement >= SESSION_BEGIN      ? "; sql/sessions.sql makes the tables"
					 : "; sql/schema.sql makes the tables; JWT_USER_... and "
					   "JWT_TOKEN_BLACKLIST say what is used");
}

/* With sessions the programs cannot do without the feed, otherwise --check-config tells of it. */
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

/* A change that ended a session must be remembered for as long as one of its tokens lasts. */
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
	verdict = ask(accounts, arena, SESSION_KEEP, &least, &rows);
	if (verdict != VERDICT_YES || strcmp(rows.values[1], "t") == 0)
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
			continue; /* the programs can do without */
		if (statement == PERMISSION && accounts->config->permission_query == NULL)
			continue; /* a site need not have Django's tables:
				     accounts_check_permissions() */
		fault =
		    find_fault(accounts, arena, (enum statement_number)statement, rights, &verdict);
		/* One missing table is a fault of several statements. */
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
	/* A program without requests holds no connection: databases have few. */
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

/* More than one row is no account: the order of rows must not decide which user logs in. */
static enum verdict
find(struct accounts *accounts, struct arena *arena, enum statement_number number,
    const char *value, struct account *out)
{
	struct rows rows;
	enum verdict verdict = ask(accounts, arena, number, &value, &rows);

	if (verdict != VERDICT_YES)
		return verdict;
	if (rows.count > 1) {
		log_error("%s: %zu rows for one user; this user is refused",
		    setting_of(accounts, number), rows.count);
		return VERDICT_NO;
	}
	return account_row_read(&rows, setting_of(accounts, number), out) ? VERDICT_YES
									  : VERDICT_UNDECIDED;
}

/* The id itself, not another way to write it (" 1", "+1", another case of a citext). */
static enum verdict
same_id(enum verdict verdict, const struct account *found, const char *user_id)
{
	return verdict == VERDICT_YES && strcmp(found->user_id, user_id) != 0 ? VERDICT_NO
									      : verdict;
}

enum verdict
account_find(
    struct accounts *accounts, struct arena *arena, const char *user_id, struct account *out)
{
	enum verdict verdict = find(accounts, arena, USER_BY_ID, user_id, out);

	return same_id(verdict, out, user_id);
}

/* The first columns are of the session: gen and held, NULL if there is none, and unended. */
static bool
is_ended(const struct rows *rows, const struct known_owner *owner)
{
	const char *const *first = rows->values;

	if (owner->sid == NULL)
		return strcmp(first[2], "t") != 0;
	return first[0] == NULL || (atol(first[1]) < owner->gen && owner->gen < atol(first[0]));
}

enum verdict
account_judge(struct accounts *accounts, struct arena *arena, const struct known_owner *owner,
    int64_t earliest, struct account *out)
{
	const char *since = arena_printf(arena, "%lld", (long long)earliest);
	bool ended;
	struct rows rows;
	enum verdict verdict = ask(accounts, arena, SESSION_JUDGE,
	    (const char *[]){owner->user_id, owner->user_id, owner->sid, since}, &rows);

	if (verdict != VERDICT_YES)
		return verdict;
	ended = is_ended(&rows, owner);
	rows.columns -= SESSION_COLUMNS;
	rows.values += SESSION_COLUMNS;
	memmove(rows.types, rows.types + SESSION_COLUMNS, rows.columns * sizeof(*rows.types));
	if (rows.count > 1 || !account_row_read(&rows, setting_of(accounts, USER_BY_ID), out))
		return VERDICT_UNDECIDED;
	out->ended = ended;
	return same_id(VERDICT_YES, out, owner->user_id);
}

/* What is kept has no use but its cost: letters take the place of the digest behind the last '$'.
 */
static void
remember_dearest(struct dearest *dearest, const char *stored, long cost)
{
	char *digest;

	if (cost <= dearest->cost || strlen(stored) >= sizeof(dearest->stored))
		return;
	dearest->cost = cost;
	memcpy(dearest->stored, stored, strlen(stored) + 1);
	digest = strrchr(dearest->stored, '$');
	for (digest = digest == NULL ? dearest->stored : digest; *digest != '\0'; digest++)
		if (isalnum((unsigned char)*digest))
			*digest = 'A';
}

/* Makes a refusal that has cost that much cost as much as the verification of the dearest hash. */
static void
spend_the_rest(struct accounts *accounts, struct bytes password, long spent)
{
	struct dearest *dearest = &accounts->dearest;
	long least = accounts->policy.iterations;

	if (spent == 0 && *dearest->stored != '\0') {
		(void)password_verify(&accounts->policy, password, dearest->stored, &spent);
		dearest->cost = spent;
		if (spent < least)
			*dearest = (struct dearest){.cost = least};
	}
	password_spend(password, dearest->cost - spent);
}

/*
 * A failure to store the new hash is no failure of the login: the next one tries again. Afterwards
 * the account has what stands in the table, even if another process was faster: tokens may carry
 * its digest.
 */
static void
renew_hash(
    struct accounts *accounts, struct arena *arena, struct bytes password, struct account *account)
{
	struct account now;
	const char *renewed;

	if (!accounts->own_tables ||
	    !password_must_rehash(&accounts->policy, accounts->rehash, account->password))
		return;
	renewed = password_hash(arena, &accounts->policy, password);
	if (renewed == NULL)
		return;
	switch (ask(accounts, arena, PASSWORD_STORE,
	    (const char *[]){account->key, renewed, account->password}, NULL)) {
	case VERDICT_YES:
		account->password = renewed;
		break;
	case VERDICT_NO:
		if (account_find(accounts, arena, account->user_id, &now) == VERDICT_YES)
			account->password = now.password;
		break;
	case VERDICT_UNDECIDED:
		break;
	}
}

/* Why the login was refused, by what is known of the account afterwards. */
static const char *
refusal_reason(const struct accounts *accounts, enum verdict found, enum verdict verified,
    const struct account *account)
{
	static const char *const reasons[] = {[PASSWORD_NONE] = "no-password",
	    [PASSWORD_UNKNOWN] = "unknown-hash",
	    [PASSWORD_KNOWN] = "wrong-password"};

	if (found != VERDICT_YES)
		return "no-such-name";
	return verified == VERDICT_YES
		   ? "inactive"
		   : reasons[password_kind(&accounts->policy, account->password)];
}

enum verdict
account_authenticate(struct accounts *accounts, struct arena *arena, struct bytes login,
    struct bytes password, struct account *out)
{
	const char *name = arena_copy(arena, login.data, login.length);
	enum verdict found, verified = VERDICT_NO;
	int64_t begun;
	long spent = 0;

	found = find(accounts, arena, USER_BY_NAME, name, out);
	if (found == VERDICT_UNDECIDED)
		return found;
	begun = clock_microseconds();
	if (found == VERDICT_YES)
		verified = password_verify(&accounts->policy, password, out->password, &spent);
	if (verified == VERDICT_UNDECIDED)
		return verified;
	if (spent > 0)
		remember_dearest(&accounts->dearest, out->password, spent);
	/* Django renews the hash of an inactive user too, before it refuses him. */
	if (verified == VERDICT_YES)
		renew_hash(accounts, arena, password, out);
	if (verified != VERDICT_YES || !out->active) {
		out->refusal = refusal_reason(accounts, found, verified, out);
		verified = VERDICT_NO;
		spend_the_rest(accounts, password, spent);
	}
	/* Counted for unknown names too: otherwise the counter would tell which names exist. */
	metrics_password(begun);
	return verified;
}

enum verdict
account_known(struct accounts *accounts, struct arena *arena, const struct known_owner *owner,
    struct account *out)
{
	*out = (struct account){.user_id = owner->user_id, .active = true};
	return feed_find(accounts->feed, arena, owner, &out->name);
}

void
account_remember(
    struct accounts *accounts, const struct known_owner *owner, const struct account *account)
{
	feed_add(accounts->feed, owner, account->name);
}

struct clients *
accounts_clients(struct accounts *accounts)
{
	return accounts->clients;
}

struct database *
accounts_database(struct accounts *accounts)
{
	return accounts->database;
}

struct feed *
accounts_changes(struct accounts *accounts)
{
	return accounts->feed;
}

struct feed_state
accounts_feed(const struct accounts *accounts)
{
	return feed_state(accounts->feed);
}

const char *
account_password_digest(struct arena *arena, const struct account *account)
{
	const char *stored = account->password == NULL ? "" : account->password;
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct buffer hex = {.arena = arena};
	size_t length = 0;

	/* Without MD5 (a FIPS provider) no token matches: the check fails closed. */
	if (EVP_Q_digest(NULL, "MD5", NULL, stored, strlen(stored), digest, &length) != 1)
		return "";
	for (size_t i = 0; i < length; i++)
		buffer_printf(&hex, "%02X", digest[i]);
	return hex.data;
}

enum verdict
account_logged_in(struct accounts *accounts, struct arena *arena, const struct account *account)
{
	enum verdict verdict = ask(accounts, arena, LAST_LOGIN, &account->key, NULL);

	return verdict == VERDICT_UNDECIDED ? VERDICT_UNDECIDED : VERDICT_YES;
}

enum verdict
token_outstanding(struct accounts *accounts, struct arena *arena, const struct token_record *record)
{
	const char *expires_at = arena_printf(arena, "%lld", (long long)record->expires_at);
	const char *parameters[] = {record->user_key, record->jti, record->token, expires_at,
	    record->created_now ? "t" : "f"};
	enum verdict verdict = ask(accounts, arena, TOKEN_OUTSTANDING, parameters, NULL);

	return verdict == VERDICT_UNDECIDED ? VERDICT_UNDECIDED : VERDICT_YES;
}

enum verdict
token_blacklisted(struct accounts *accounts, struct arena *arena, const char *jti)
{
	return ask(accounts, arena, TOKEN_BLACKLISTED, &jti, NULL);
}

enum verdict
token_blacklist(struct accounts *accounts, struct arena *arena, const char *jti)
{
	return ask(accounts, arena, TOKEN_BLACKLIST, &jti, NULL);
}
