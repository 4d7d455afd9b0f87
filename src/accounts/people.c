#include "accounts/people.h"

#include "accounts/password.h"
#include "accounts/people_sql.h"
#include "base/log.h"
#include "db/statements.h"

#include <string.h>

struct people {
	struct database *database;
	struct password_policy policy;
	struct people_table table;
};

bool
people_has_column(const struct people *people, const char *name)
{
	return people_sql_column(&people->table, name) != NULL;
}

bool
people_is_utf8(const struct people *people)
{
	return people->table.utf8;
}

struct people *
people_open(const struct config *config, struct arena *arena)
{
	struct people *people = arena_alloc(arena, sizeof(*people));
	struct statement *made = arena_alloc(arena, PEOPLE_STATEMENTS * sizeof(*made));
	const char *table = statements_quote(arena, config->user_table);
	struct rows catalogue;

	if (config->user_query != NULL) {
		log_error("JWT_USER_QUERY is set: users are not in a table of Django's form");
		return NULL;
	}
	made[PEOPLE_CATALOGUE] = people_sql_catalogue;
	people->policy.legacy = config->password_legacy;
	/* An administrator waits longer than a client: some statements read the whole table. */
	people->database = query_open(config, "jwtctl", made, 10 * config->database_timeout * 1000);
	if (people->database == NULL)
		return NULL;
	if (query_ask(people->database, arena, PEOPLE_CATALOGUE, &table, &catalogue) != VERDICT_YES)
		return NULL;
	people_sql_read(&people->table, config, &catalogue);
	people_sql_make(&people->table, arena, made);
	return people;
}

/* "pbkdf2_sha256$1000", "$2b$12", "argon2": what tells no more than the format and its cost. */
static const char *
hash_format(const struct people *people, struct arena *arena, const char *stored, bool with_cost)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	size_t length, digits;

	switch (password_kind(&people->policy, stored)) {
	case PASSWORD_NONE:
		return "none";
	case PASSWORD_UNKNOWN:
		return "unknown";
	case PASSWORD_KNOWN:
		break;
	}
	length = *stored == '$';
	length += strspn(stored + length, word);
	if (stored[length] == '\0')
		return "md5"; /* its bare digits */
	digits = with_cost && stored[length] == '$' ? strspn(stored + length + 1, "0123456789") : 0;
	return arena_copy(arena, stored, digits == 0 ? length : length + 1 + digits);
}

static void
read_person(const struct people *people, struct arena *arena, const struct rows *rows, size_t row,
    struct person *out)
{
	memcpy(out->cells, rows->values + row * rows->columns, sizeof(out->cells));
	out->cells[PERSON_HASH] = hash_format(people, arena, out->cells[PERSON_HASH], true);
}

enum verdict
people_add(struct people *people, struct arena *arena, const struct new_person *person)
{
	const char *parameters[] = {person->name, person->password, person->email,
	    person->staff ? "t" : "f", person->superuser ? "t" : "f"};

	return query_ask(people->database, arena, PEOPLE_ADD, parameters, NULL);
}

enum verdict
people_find(struct people *people, struct arena *arena, const char *name, struct person *out)
{
	struct rows rows;
	enum verdict verdict = query_ask(people->database, arena, PEOPLE_FIND, &name, &rows);

	if (verdict == VERDICT_YES)
		read_person(people, arena, &rows, 0, out);
	return verdict;
}

enum verdict
people_set_password(
    struct people *people, struct arena *arena, const char *name, const char *password)
{
	return query_ask(
	    people->database, arena, PEOPLE_SET_PASSWORD, (const char *[]){name, password}, NULL);
}

enum verdict
people_set_active(struct people *people, struct arena *arena, const char *name, bool active)
{
	return query_ask(people->database, arena, PEOPLE_SET_ACTIVE,
	    (const char *[]){name, active ? "t" : "f"}, NULL);
}

enum verdict
people_rename(struct people *people, struct arena *arena, const char *name, const char *new_name)
{
	return query_ask(
	    people->database, arena, PEOPLE_RENAME, (const char *[]){name, new_name}, NULL);
}

enum verdict
people_delete(struct people *people, struct arena *arena, const char *name)
{
	return query_ask(people->database, arena, PEOPLE_DELETE, &name, NULL);
}

enum verdict
people_list(struct people *people, struct arena *arena, int64_t skip, struct persons *out)
{
	const char *parameter = arena_printf(arena, "%lld", (long long)skip);
	struct rows rows;
	enum verdict verdict = query_ask(people->database, arena, PEOPLE_LIST, &parameter, &rows);

	if (verdict != VERDICT_YES)
		return verdict;
	*out = (struct persons){rows.count, arena_alloc(arena, rows.count * sizeof(*out->persons))};
	for (size_t i = 0; i < rows.count; i++)
		read_person(people, arena, &rows, i, &out->persons[i]);
	return VERDICT_YES;
}

enum verdict
people_hashes(struct people *people, struct arena *arena, struct hash_count **out, size_t *count)
{
	struct rows rows;
	enum verdict verdict = query_ask(people->database, arena, PEOPLE_HASHES, NULL, &rows);

	*count = 0;
	if (verdict != VERDICT_YES)
		return verdict;
	*out = arena_alloc(arena, rows.count * sizeof(**out));
	for (size_t i = 0; i < rows.count; i++) {
		const char *const *row = rows.values + i * rows.columns;

		(*out)[i] = (struct hash_count){.format = hash_format(people, arena, row[1], false),
		    .count = row[0],
		    .verified = password_kind(&people->policy, row[1]) == PASSWORD_KNOWN};
	}
	*count = rows.count;
	return VERDICT_YES;
}
