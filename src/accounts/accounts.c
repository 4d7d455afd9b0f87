#include "accounts/accounts.h"

#include "accounts/clients.h"
#include "accounts/logins.h"
#include "accounts/operator_query.h"
#include "base/buffer.h"
#include "base/log.h"
#include "db/statements.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_COLUMNS 3 /* of SESSION_JUDGE, before the account's */

struct accounts *
accounts_open(const struct config *config, const char *program, bool names)
{
	struct arena *arena = arena_of_process();
	struct accounts *accounts = arena_alloc(arena, sizeof(*accounts));

	accounts->config = config;
	accounts->database = query_open(
	    config, program, statements_make(arena, config), config->database_timeout * 1000);
	if (accounts->database == NULL)
		return NULL;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		query_name(accounts->database, (size_t)i,
		    operator_query_setting(config, (enum statement_number)i));
	accounts->feed = feed_open(config, accounts->database, names);
	accounts->logins = logins_new(config);
	if (config->oidc_issuer != NULL)
		accounts->clients = clients_new(config);
	return accounts;
}

const char *
accounts_setting(const struct config *config, enum statement_number statement)
{
	bool by_name = statement == USER_BY_NAME;

	if (config->user_query != NULL)
		return by_name ? "JWT_USER_QUERY" : "JWT_USER_ID_QUERY";
	return by_name ? "JWT_USERNAME_FIELD" : "JWT_USER_ID_FIELD";
}

static bool
is_among(struct bytes text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (bytes_equal_case(text, *words))
			return true;
	return false;
}

static bool
read_active(const char *value, const char *setting)
{
	static const char *const yes[] = {"t", "true", "y", "yes", "on", "1", NULL};
	static const char *const no[] = {"f", "false", "n", "no", "off", "0", NULL};
	struct bytes text = bytes_strip(bytes_of(value));

	if (value == NULL) {
		log_error("%s: active is NULL, which counts as false", setting);
		return false;
	}
	if (is_among(text, yes))
		return true;
	if (!is_among(text, no))
		log_error("%s: active is no boolean, which counts as false", setting);
	return false;
}

bool
account_read(const struct rows *rows, const char *setting, struct account *out)
{
	if (rows->columns < 3 || rows->values[0] == NULL) {
		log_error(
		    "%s: the row has %s", setting, rows->columns < 3 ? "too few columns" : "no id");
		return false;
	}
	out->user_id = rows->values[0];
	out->user_id_integer = rows->types[0] == TYPE_INTEGER;
	out->password = rows->values[1];
	out->active = read_active(rows->values[2], setting);
	out->ended = false;
	out->key = rows->columns > 3 ? rows->values[3] : rows->values[0];
	out->name = rows->columns > 4 ? rows->values[4] : NULL;
	return true;
}

/* More than one row is no account: the order of rows must not decide which user logs in. */
enum verdict
account_ask(struct accounts *accounts, struct arena *arena, enum statement_number statement,
    const char *value, struct account *out)
{
	const char *setting = accounts_setting(accounts->config, statement);
	struct rows rows;
	enum verdict verdict = query_ask(accounts->database, arena, statement, &value, &rows);

	if (verdict != VERDICT_YES)
		return verdict;
	if (rows.count > 1) {
		log_error("%s: %zu rows for one user; this user is refused", setting, rows.count);
		return VERDICT_NO;
	}
	return account_read(&rows, setting, out) ? VERDICT_YES : VERDICT_UNDECIDED;
}

/* The id must be spelled alike: " 1", "+1" or a citext in another case find the row too. */
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
	enum verdict verdict = account_ask(accounts, arena, USER_BY_ID, user_id, out);

	return same_id(verdict, out, user_id);
}

/* The first columns: gen and held of the session, NULL if there is none, and unended. */
static bool
is_ended(const struct rows *rows, const struct known_fact *owner)
{
	const char *const *first = rows->values;

	if (owner->sid == NULL)
		return !query_is_true(first[2]);
	return first[0] == NULL || (atol(first[1]) < owner->gen && owner->gen < atol(first[0]));
}

enum verdict
account_judge(struct accounts *accounts, struct arena *arena, const struct known_fact *owner,
    int64_t earliest, struct account *out)
{
	const char *since = arena_printf(arena, "%lld", (long long)earliest);
	bool ended;
	struct rows rows;
	enum verdict verdict = query_ask(accounts->database, arena, SESSION_JUDGE,
	    (const char *[]){owner->user_id, owner->user_id, owner->sid, since}, &rows);

	if (verdict != VERDICT_YES)
		return verdict;
	ended = is_ended(&rows, owner);
	query_cut(&rows, SESSION_COLUMNS);
	if (rows.count > 1 ||
	    !account_read(&rows, accounts_setting(accounts->config, USER_BY_ID), out))
		return VERDICT_UNDECIDED;
	out->ended = ended;
	return same_id(VERDICT_YES, out, owner->user_id);
}

enum verdict
account_known(struct accounts *accounts, struct arena *arena, const struct known_fact *owner,
    struct account *out)
{
	*out = (struct account){.user_id = owner->user_id, .active = true};
	return feed_find(accounts->feed, arena, owner, &out->name);
}

void
account_remember(
    struct accounts *accounts, const struct known_fact *owner, const struct account *account)
{
	feed_add(accounts->feed, owner, account->name);
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
