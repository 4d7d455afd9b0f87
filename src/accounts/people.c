#include "accounts/people.h"

#include "base/log.h"
#include "db/query.h"
#include "db/statements.h"
#include "db/url.h"

#include <string.h>

enum { ADD, SET_PASSWORD, SET_ACTIVE, FIND, LIST, COUNT };

struct people {
	struct database *database;
};

/* The one of that name; if there is none, of its name in the form that Django's forms give it. */
static const char *
named(struct arena *arena, const char *table, const char *name)
{
	return arena_printf(arena,
	    "WHERE id = (SELECT id FROM %s WHERE %s IN ($1::text, normalize($1::text, NFKC))"
	    " ORDER BY (%s = $1::text) DESC LIMIT 1)",
	    table, name, name);
}

static const char *
select_as_json(struct arena *arena, const char *table, const char *name, const char *which)
{
	return arena_printf(arena,
	    "SELECT coalesce(json_agg(person), '[]')::text FROM (SELECT id, %s AS name, %s AS email,"
	    " is_active AS active, is_staff AS staff, is_superuser AS superuser,"
	    " extract(epoch FROM date_joined)::bigint AS joined,"
	    " extract(epoch FROM last_login)::bigint AS last_login,"
	    " CASE WHEN password ~ '^(!|$)' THEN 'none'"
	    " ELSE substring(password from '^[$]?[a-z0-9_]+(?:[$][0-9]+)?') END AS hash"
	    " FROM %s %s) person",
	    name, strcmp(name, "\"email\"") == 0 ? "''::text" : "email", table, which);
}

/* $3 is the e-mail address, which may be what users are named by. */
static const char *
insert(struct arena *arena, const char *table, const char *name)
{
	bool by_email = strcmp(name, "\"email\"") == 0;

	return arena_printf(arena,
	    "INSERT INTO %s (%s, password, %s, is_staff, is_superuser, is_active, %slast_name,"
	    " date_joined) VALUES (normalize($1::text, NFKC), $2, $3::text, $4::boolean,"
	    " $5::boolean, true, %s'', now()) ON CONFLICT DO NOTHING RETURNING id",
	    table, name, by_email ? "first_name" : "email", by_email ? "" : "first_name, ",
	    by_email ? "" : "'', ");
}

struct people *
people_open(const struct config *config)
{
	struct arena *arena = arena_of_process();
	struct people *people = arena_alloc(arena, sizeof(*people));
	struct statement *made = arena_alloc(arena, COUNT * sizeof(*made));
	const char *table = statements_quote(arena, config->user_table);
	const char *name = statements_quote(arena, config->username_field);
	const char *one = named(arena, table, name);

	if (config->user_query != NULL) {
		log_line("JWT_USER_QUERY is set: users are not in a table of Django's form");
		return NULL;
	}
	if (!url_to_environment(config->database_url))
		return NULL;
	made[ADD] = (struct statement){insert(arena, table, name), 5, ONCE};
	made[SET_PASSWORD] = (struct statement){
	    arena_printf(arena, "UPDATE %s SET password = $2 %s RETURNING id", table, one), 2,
	    REPEATABLE};
	made[SET_ACTIVE] = (struct statement){
	    arena_printf(
		arena, "UPDATE %s SET is_active = $2::boolean %s RETURNING id", table, one),
	    2, REPEATABLE};
	made[FIND] = (struct statement){select_as_json(arena, table, name, one), 1, REPEATABLE};
	made[LIST] = (struct statement){
	    select_as_json(arena, table, name, "ORDER BY id LIMIT 500 OFFSET $1::bigint"), 1,
	    REPEATABLE};
	people->database = query_open("jwtctl", made, config->database_timeout * 1000);
	return people;
}

enum verdict
people_add(struct people *people, struct arena *arena, const struct person *person, const char **id)
{
	const char *parameters[] = {person->name, person->password, person->email,
	    person->staff ? "t" : "f", person->superuser ? "t" : "f"};
	struct rows rows;
	enum verdict verdict = query_ask(people->database, arena, ADD, parameters, &rows);

	if (verdict == VERDICT_YES)
		*id = rows.values[0];
	return verdict;
}

enum verdict
people_set_password(
    struct people *people, struct arena *arena, const char *name, const char *password)
{
	return query_ask(
	    people->database, arena, SET_PASSWORD, (const char *[]){name, password}, NULL);
}

enum verdict
people_set_active(struct people *people, struct arena *arena, const char *name, bool active)
{
	return query_ask(
	    people->database, arena, SET_ACTIVE, (const char *[]){name, active ? "t" : "f"}, NULL);
}

static struct json *
ask(struct people *people, struct arena *arena, size_t statement, const char *parameter)
{
	struct rows rows;

	if (query_ask(people->database, arena, statement, &parameter, &rows) != VERDICT_YES)
		return NULL;
	return json_parse(arena, bytes_of(rows.values[0]), JSON_PYTHON, NULL);
}

struct json *
people_find(struct people *people, struct arena *arena, const char *name)
{
	return ask(people, arena, FIND, name);
}

struct json *
people_list(struct people *people, struct arena *arena, int64_t skip)
{
	return ask(people, arena, LIST, arena_printf(arena, "%lld", (long long)skip));
}
