#include "ctl/people.h"

#include "accounts/password.h"
#include "base/buffer.h"
#include "base/log.h"
#include "db/statements.h"

#include <string.h>

struct people {
	const struct config *config;
	struct arena *arena;
	struct database *database;
	const char *table, *key, *name; /* quoted */
	struct rows columns;            /* of the table: name, type, whether a value is needed */
	bool utf8;
	bool lists_tokens; /* token_blacklist_outstandingtoken refers to it */
};

static const struct statement catalogue = {
    "SELECT attname::text, format_type(atttypid, NULL),"
    " (attnotnull AND NOT atthasdef AND attidentity = '')::text,"
    " current_setting('server_encoding'),"
    " EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = attrelid"
    "  AND conrelid = to_regclass('token_blacklist_outstandingtoken'))::text"
    " FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
    " AND NOT attisdropped",
    1, REPEATABLE};

static const char *
quote(const struct people *people, const char *name)
{
	return statements_quote(people->arena, name);
}

static const char *const *
column_row(const struct people *people, const char *name)
{
	const struct rows *rows = &people->columns;

	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(query_row(rows, i)[0], name) == 0)
			return query_row(rows, i);
	return NULL;
}

bool
people_has_column(const struct people *people, const char *name)
{
	return column_row(people, name) != NULL;
}

bool
people_is_utf8(const struct people *people)
{
	return people->utf8;
}

/* SQL for a text as Django stores a name. Only UTF8 databases have normalize(). */
static const char *
normalized(const struct people *people, const char *text)
{
	return people->utf8 ? arena_printf(people->arena, "normalize(%s, NFKC)", text) : text;
}

/* SQL for the key of the user named $1. */
static const char *
key_of_name(const struct people *people)
{
	return arena_printf(people->arena,
	    "(SELECT %s FROM %s WHERE %s IN ($1::text, %s) ORDER BY (%s = $1::text) DESC LIMIT 1)",
	    people->key, people->table, people->name, normalized(people, "$1::text"), people->name);
}

static const char *
where_name(const struct people *people)
{
	return arena_printf(people->arena, "WHERE %s = %s", people->key, key_of_name(people));
}

static const char *
select_persons(const struct people *people, const char *which)
{
	const struct config *config = people->config;
	const char *const columns[PERSON_CELLS] = {[PERSON_ID] = config->user_key_field,
	    [PERSON_NAME] = config->username_field,
	    [PERSON_EMAIL] = "email",
	    [PERSON_ACTIVE] = config->user_active_field,
	    [PERSON_STAFF] = "is_staff",
	    [PERSON_SUPERUSER] = "is_superuser",
	    [PERSON_JOINED] = "date_joined",
	    [PERSON_LAST_LOGIN] = config->user_last_login_field,
	    [PERSON_HASH] = config->user_password_field};
	struct buffer sql = {.arena = people->arena};

	for (size_t i = 0; i < PERSON_CELLS; i++) {
		bool time = i == PERSON_JOINED || i == PERSON_LAST_LOGIN;

		buffer_puts(&sql, i == 0 ? "SELECT " : ", ");
		if (!people_has_column(people, columns[i]))
			buffer_puts(&sql, "NULL");
		else
			buffer_printf(&sql,
			    time ? "extract(epoch FROM %s)::bigint::text" : "%s::text",
			    quote(people, columns[i]));
	}
	buffer_printf(&sql, " FROM %s person %s", people->table, which);
	return buffer_bytes(&sql).data;
}

/*
 * Columns that no setting names get Django's values. A key of type uuid has its default in Django
 * and not in the table. PostgreSQL reports any other column that needs a value.
 */
static const char *
insert(const struct people *people)
{
	const struct config *config = people->config;
	const char *const *key = column_row(people, config->user_key_field);
	struct buffer columns = {.arena = people->arena}, values = {.arena = people->arena};
	const char *const filled[][2] = {{config->user_password_field, "password"},
	    {config->user_active_field, "true"}, {"email", "email"}, {"is_staff", "staff"},
	    {"is_superuser", "superuser"}, {"first_name", "''"}, {"last_name", "''"},
	    {"date_joined", "now()"}};

	buffer_puts(&columns, people->name);
	buffer_puts(&values, normalized(people, "name"));
	for (size_t i = 0; i < sizeof(filled) / sizeof(*filled); i++) {
		if (strcmp(filled[i][0], config->username_field) == 0 ||
		    !people_has_column(people, filled[i][0]))
			continue;
		buffer_printf(&columns, ", %s", quote(people, filled[i][0]));
		buffer_printf(&values, ", %s", filled[i][1]);
	}
	if (key != NULL && strcmp(key[1], "uuid") == 0 && strcmp(key[2], "true") == 0) {
		buffer_printf(&columns, ", %s", people->key);
		buffer_puts(&values, ", gen_random_uuid()");
	}
	return arena_printf(people->arena,
	    "WITH given AS (SELECT $1::text AS name, $2::text AS password, $3::text AS email,"
	    " $4::boolean AS staff, $5::boolean AS superuser) INSERT INTO %s (%s) SELECT %s"
	    " FROM given ON CONFLICT DO NOTHING RETURNING 1",
	    people->table, buffer_bytes(&columns).data, buffer_bytes(&values).data);
}

static const char *
update(const struct people *people, const char *column, const char *type)
{
	return arena_printf(people->arena, "UPDATE %s SET %s = $2::%s %s RETURNING 1",
	    people->table, quote(people, column), type, where_name(people));
}

static const char *
rename_user(const struct people *people)
{
	const char *new_name = normalized(people, "$2::text");

	return arena_printf(people->arena,
	    "UPDATE %s SET %s = %s %s AND NOT EXISTS (SELECT FROM %s WHERE %s = %s) RETURNING 1",
	    people->table, people->name, new_name, where_name(people), people->table, people->name,
	    new_name);
}

/* In one statement, because foreign keys are checked at its end. */
static const char *
delete_user(const struct people *people)
{
	const char *user = key_of_name(people);
	const char *freed = arena_printf(people->arena,
	    "WITH freed AS (UPDATE token_blacklist_outstandingtoken SET user_id = NULL"
	    " WHERE user_id = %s) ",
	    user);

	return arena_printf(people->arena, "%sDELETE FROM %s WHERE %s = %s RETURNING 1",
	    people->lists_tokens ? freed : "", people->table, people->key, user);
}

/* One row for each format, which is the stored string's beginning up to a '$', with an example. */
static const char *
count_hashes(const struct people *people)
{
	return arena_printf(people->arena,
	    "SELECT count(*)::text, min(password) FROM (SELECT %s::text AS password FROM %s) stored"
	    " GROUP BY CASE WHEN coalesce(password, '') ~ '^(!|$)' THEN '!'"
	    " WHEN password ~ '^[$]?[a-z0-9_]+[$,]'"
	    " THEN substring(password from '^[$]?[a-z0-9_]+[$,][$]?')"
	    " ELSE (length(password) = 32)::text END ORDER BY count(*) DESC",
	    quote(people, people->config->user_password_field), people->table);
}

/* All but PEOPLE_CATALOGUE. */
static void
make_statements(const struct people *people, struct statement *out)
{
	const struct config *config = people->config;
	const char *page = arena_printf(
	    people->arena, "ORDER BY person.%s LIMIT 500 OFFSET $1::bigint", people->key);

	out[PEOPLE_FIND] =
	    (struct statement){select_persons(people, where_name(people)), 1, REPEATABLE};
	out[PEOPLE_LIST] = (struct statement){select_persons(people, page), 1, REPEATABLE};
	out[PEOPLE_ADD] = (struct statement){insert(people), 5, ONCE};
	out[PEOPLE_SET_PASSWORD] =
	    (struct statement){update(people, config->user_password_field, "text"), 2, REPEATABLE};
	out[PEOPLE_SET_ACTIVE] =
	    (struct statement){update(people, config->user_active_field, "boolean"), 2, REPEATABLE};
	out[PEOPLE_RENAME] = (struct statement){rename_user(people), 2, ONCE};
	out[PEOPLE_DELETE] = (struct statement){delete_user(people), 1, ONCE};
	out[PEOPLE_HASHES] = (struct statement){count_hashes(people), 0, REPEATABLE};
}

struct people *
people_open(const struct invocation *invocation)
{
	const struct config *config = invocation->config;
	struct arena *arena = invocation->arena;
	struct people *people = arena_alloc(arena, sizeof(*people));
	struct statement *made = arena_alloc(arena, PEOPLE_STATEMENTS * sizeof(*made));

	if (config->user_query != NULL) {
		log_error("JWT_USER_QUERY is set: users are not in a table of Django's form");
		return NULL;
	}
	*people = (struct people){.config = config,
	    .arena = arena,
	    .table = statements_quote(arena, config->user_table),
	    .key = statements_quote(arena, config->user_key_field),
	    .name = statements_quote(arena, config->username_field)};
	made[PEOPLE_CATALOGUE] = catalogue;
	/* With a long deadline: some statements read the whole table. */
	people->database = query_open(config, "jwtctl", made, 10 * config->database_timeout * 1000);
	if (people->database == NULL || query_ask(people->database, arena, PEOPLE_CATALOGUE,
					    &people->table, &people->columns) != VERDICT_YES)
		return NULL;
	people->utf8 = strcmp(people->columns.values[3], "UTF8") == 0;
	people->lists_tokens = strcmp(people->columns.values[4], "true") == 0;
	make_statements(people, made);
	return people;
}

const char *
people_hash_format(const struct people *people, const char *stored, bool with_cost)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	const struct password_policy policy = {.legacy = people->config->password_legacy};
	enum password_kind kind = password_kind(&policy, stored);
	size_t length, digits;

	if (kind != PASSWORD_KNOWN)
		return kind == PASSWORD_NONE ? "none" : "unknown";
	length = *stored == '$';
	length += strspn(stored + length, word);
	if (stored[length] == '\0')
		return "md5"; /* digits without a prefix */
	digits = with_cost && stored[length] == '$' ? strspn(stored + length + 1, "0123456789") : 0;
	return arena_copy(people->arena, stored, digits == 0 ? length : length + 1 + digits);
}

enum verdict
people_ask(struct people *people, enum people_statement statement, const char *const *parameters,
    struct rows *out)
{
	enum verdict verdict =
	    query_ask(people->database, people->arena, statement, parameters, out);
	bool persons = statement == PEOPLE_FIND || statement == PEOPLE_LIST;

	if (verdict == VERDICT_YES && out != NULL && persons)
		for (size_t i = 0; i < out->count; i++) {
			const char **row = query_row(out, i);

			row[PERSON_HASH] = people_hash_format(people, row[PERSON_HASH], true);
		}
	return verdict;
}
