/*
 * The table of users for an administrator, who adds, shows, changes and deletes rows. The programs'
 * role may not do that.
 *
 * The settings JWT_USER_* name the columns that logins need. Django's others (email, is_staff,
 * is_superuser, first_name, last_name, date_joined) are used where the table has them.
 */
#pragma once

#include "ctl/command.h"
#include "db/query.h"

/* The columns of a user: texts; NULL for SQL's NULL and for a column that the table lacks. */
enum person_cell {
	PERSON_ID, /* the primary key */
	PERSON_NAME,
	PERSON_EMAIL,
	PERSON_ACTIVE, /* "true" or "false", as the next two */
	PERSON_STAFF,
	PERSON_SUPERUSER,
	PERSON_JOINED, /* seconds since the epoch */
	PERSON_LAST_LOGIN,
	PERSON_HASH, /* people_hash_format() of the stored password, with its cost */
	PERSON_CELLS,
};

/*
 * The statements, with their parameters: texts, "t" or "f" for a boolean. A name that is not in the
 * table is looked up in its normalized form (NFKC, as in Django). NO: there is no such user.
 */
enum people_statement {
	PEOPLE_CATALOGUE,    /* of people_open() */
	PEOPLE_FIND,         /* name -> PERSON_CELLS columns */
	PEOPLE_LIST,         /* OFFSET -> at most 500 rows of these columns, by id */
	PEOPLE_ADD,          /* name, password, email, staff, superuser. NO: the name is taken */
	PEOPLE_SET_PASSWORD, /* name, stored password */
	PEOPLE_SET_ACTIVE,   /* name, boolean */
	PEOPLE_RENAME,       /* name, new name. NO too if the new one is taken */
	PEOPLE_DELETE,       /* name. UNDECIDED also if other tables refer to the user; outstanding
			      * tokens lose their owner, as with SimpleJWT (SET_NULL) */
	PEOPLE_HASHES,       /* -> for each format: number of stored passwords, one of them */
	PEOPLE_STATEMENTS,
};

struct people;

/* Connects and reads which columns the table has. NULL after a line in the log. */
struct people *people_open(const struct invocation *);

/* As query_ask(), with the rows in the arena of the invocation. */
enum verdict people_ask(
    struct people *, enum people_statement, const char *const *parameters, struct rows *out);

bool people_has_column(const struct people *, const char *name);

/* Whether the database can hold and normalize names that are not ASCII: it is UTF8. */
bool people_is_utf8(const struct people *);

/*
 * The format of a stored password and, if with_cost, the cost after it: "pbkdf2_sha256$1000",
 * "$2b$12", "argon2"; "none"; or "unknown" if no login verifies it.
 */
const char *people_hash_format(const struct people *, const char *stored, bool with_cost);
