#include "accounts/people_sql.h"

#include "accounts/people.h"
#include "base/bytes.h"
#include "db/statements.h"

#include <string.h>

const struct statement people_sql_catalogue = {
    "SELECT attname::text, format_type(atttypid, NULL),"
    " (attnotnull AND NOT atthasdef AND attidentity = '')::text,"
    " current_setting('server_encoding'),"
    " EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = attrelid"
    "  AND conrelid = to_regclass('token_blacklist_outstandingtoken'))::text"
    " FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
    " AND NOT attisdropped",
    1, REPEATABLE};

static const char *
quote(struct arena *arena, const char *name)
{
	return statements_quote(arena, name);
}

static const char *const *
column_row(const struct people_table *table, const char *name)
{
	const struct rows *rows = &table->columns;

	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->values[i * rows->columns], name) == 0)
			return rows->values + i * rows->columns;
	return NULL;
}

const char *
people_sql_column(const struct people_table *table, const char *name)
{
	const char *const *row = column_row(table, name);

	return row == NULL ? NULL : row[1];
}

/* Whether a row cannot be added without a value for that column. */
static bool
needs_value(const struct people_table *table, const char *name)
{
	const char *const *row = column_row(table, name);

	return row != NULL && strcmp(row[2], "true") == 0;
}

void
people_sql_read(
    struct people_table *table, const struct config *config, const struct rows *catalogue)
{
	table->config = config;
	table->columns = *catalogue;
	table->utf8 = strcmp(catalogue->values[3], "UTF8") == 0;
	table->lists_tokens = strcmp(catalogue->values[4], "true") == 0;
}

/* A text as Django stores a name; normalize() exists in UTF8 databases only. */
static const char *
normalized(const struct people_table *table, struct arena *arena, const char *text)
{
	return table->utf8 ? arena_printf(arena, "normalize(%s, NFKC)", text) : text;
}

/* Selects the key of the user named $1. */
static const char *
key_of_name(const struct people_table *table, struct arena *arena)
{
	const struct config *config = table->config;
	const char *name = quote(arena, config->username_field);

	return arena_printf(arena,
	    "(SELECT %s FROM %s WHERE %s IN ($1::text, %s) ORDER BY (%s = $1::text) DESC LIMIT 1)",
	    quote(arena, config->user_key_field), quote(arena, config->user_table), name,
	    normalized(table, arena, "$1::text"), name);
}

static const char *
where_name(const struct people_table *table, struct arena *arena)
{
	return arena_printf(arena, "WHERE %s = %s", quote(arena, table->config->user_key_field),
	    key_of_name(table, arena));
}

static const char *
select_persons(const struct people_table *table, struct arena *arena, const char *which)
{
	const struct config *config = table->config;
	const char *const columns[PERSON_CELLS] = {[PERSON_ID] = config->user_key_field,
	    [PERSON_NAME] = config->username_field,
	    [PERSON_EMAIL] = "email",
	    [PERSON_ACTIVE] = config->user_active_field,
	    [PERSON_STAFF] = "is_staff",
	    [PERSON_SUPERUSER] = "is_superuser",
	    [PERSON_JOINED] = "date_joined",
	    [PERSON_LAST_LOGIN] = config->user_last_login_field,
	    [PERSON_HASH] = config->user_password_field};
	struct buffer sql = {.arena = arena};

	for (size_t i = 0; i < PERSON_CELLS; i++) {
		bool time = i == PERSON_JOINED || i == PERSON_LAST_LOGIN;

		buffer_puts(&sql, i == 0 ? "SELECT " : ", ");
		if (people_sql_column(table, columns[i]) == NULL)
			buffer_puts(&sql, "NULL");
		else
			buffer_printf(&sql,
			    time ? "extract(epoch FROM %s)::bigint::text" : "%s::text",
			    quote(arena, columns[i]));
	}
	buffer_printf(&sql, " FROM %s person %s", quote(arena, config->user_table), which);
	return buffer_bytes(&sql).data;
}

/*
 * What the settings do not name is filled as Django fills it. A key of type uuid has its default
 * in Django only. What else needs a value is for PostgreSQL to say.
 */
static const char *
insert(const struct people_table *table, struct arena *arena)
{
	const struct config *config = table->config;
	const char *key = config->user_key_field, *name = config->username_field;
	struct buffer columns = {.arena = arena}, values = {.arena = arena};
	const char *const filled[][2] = {{config->user_password_field, "password"},
	    {config->user_active_field, "true"}, {"email", "email"}, {"is_staff", "staff"},
	    {"is_superuser", "superuser"}, {"first_name", "''"}, {"last_name", "''"},
	    {"date_joined", "now()"}};

	buffer_puts(&columns, quote(arena, name));
	buffer_puts(&values, normalized(table, arena, "name"));
	for (size_t i = 0; i < sizeof(filled) / sizeof(*filled); i++) {
		if (strcmp(filled[i][0], name) == 0 ||
		    people_sql_column(table, filled[i][0]) == NULL)
			continue;
		buffer_printf(&columns, ", %s", quote(arena, filled[i][0]));
		buffer_printf(&values, ", %s", filled[i][1]);
	}
	if (needs_value(table, key) && strcmp(people_sql_column(table, key), "uuid") == 0) {
		buffer_printf(&columns, ", %s", quote(arena, key));
		buffer_puts(&values, ", gen_random_uuid()");
	}
	return arena_printf(arena,
	    "WITH given AS (SELECT $1::text AS name, $2::text AS password, $3::text AS email,"
	    " $4::boolean AS staff, $5::boolean AS superuser) INSERT INTO %s (%s) SELECT %s"
	    " FROM given ON CONFLICT DO NOTHING RETURNING 1",
	    quote(arena, config->user_table), buffer_bytes(&columns).data,
	    buffer_bytes(&values).data);
}

static const char *
update(const struct people_table *table, struct arena *arena, const char *column, const char *type)
{
	return arena_printf(arena, "UPDATE %s SET %s = $2::%s %s RETURNING 1",
	    quote(arena, table->config->user_table), quote(arena, column), type,
	    where_name(table, arena));
}

static const char *
rename_user(const struct people_table *table, struct arena *arena)
{
	const char *users = quote(arena, table->config->user_table);
	const char *name = quote(arena, table->config->username_field);
	const char *new_name = normalized(table, arena, "$2::text");

	return arena_printf(arena,
	    "UPDATE %s SET %s = %s %s AND NOT EXISTS (SELECT FROM %s WHERE %s = %s) RETURNING 1",
	    users, name, new_name, where_name(table, arena), users, name, new_name);
}

/* Foreign keys are checked at the end of the statement, whatever the order of its parts. */
static const char *
delete_user(const struct people_table *table, struct arena *arena)
{
	const char *key = key_of_name(table, arena);
	const char *freed = arena_printf(arena,
	    "WITH freed AS (UPDATE token_blacklist_outstandingtoken SET user_id = NULL"
	    " WHERE user_id = %s) ",
	    key);

	return arena_printf(arena, "%sDELETE FROM %s WHERE %s = %s RETURNING 1",
	    table->lists_tokens ? freed : "", quote(arena, table->config->user_table),
	    quote(arena, table->config->user_key_field), key);
}

/* One row for each beginning of a stored string up to its '$', with one string of them. */
static const char *
count_hashes(const struct people_table *table, struct arena *arena)
{
	return arena_printf(arena,
	    "SELECT count(*)::text, min(password) FROM (SELECT %s::text AS password FROM %s) stored"
	    " GROUP BY CASE WHEN coalesce(password, '') ~ '^(!|$)' THEN '!'"
	    " WHEN password ~ '^[$]?[a-z0-9_]+[$,]'"
	    " THEN substring(password from '^[$]?[a-z0-9_]+[$,][$]?')"
	    " ELSE (length(password) = 32)::text END ORDER BY count(*) DESC",
	    quote(arena, table->config->user_password_field),
	    quote(arena, table->config->user_table));
}

void
people_sql_make(const struct people_table *table, struct arena *arena, struct statement *out)
{
	const struct config *config = table->config;
	const char *one = where_name(table, arena);
	const char *page = arena_printf(arena, "ORDER BY person.%s LIMIT 500 OFFSET $1::bigint",
	    quote(arena, config->user_key_field));

	out[PEOPLE_ADD] = (struct statement){insert(table, arena), 5, ONCE};
	out[PEOPLE_FIND] = (struct statement){select_persons(table, arena, one), 1, REPEATABLE};
	out[PEOPLE_SET_PASSWORD] = (struct statement){
	    update(table, arena, config->user_password_field, "text"), 2, REPEATABLE};
	out[PEOPLE_SET_ACTIVE] = (struct statement){
	    update(table, arena, config->user_active_field, "boolean"), 2, REPEATABLE};
	out[PEOPLE_RENAME] = (struct statement){rename_user(table, arena), 2, ONCE};
	out[PEOPLE_DELETE] = (struct statement){delete_user(table, arena), 1, ONCE};
	out[PEOPLE_LIST] = (struct statement){select_persons(table, arena, page), 1, REPEATABLE};
	out[PEOPLE_HASHES] = (struct statement){count_hashes(table, arena), 0, REPEATABLE};
}
