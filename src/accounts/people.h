/*
 * The table of users as an administrator sees it: rows are added, shown, changed and deleted. Only
 * jwtctl does that; the role of the programs may not.
 *
 * The settings JWT_USER_* name the columns that logins need. Others of Django's own (email,
 * is_staff, is_superuser, first_name, last_name, date_joined) are used where the table has them.
 */
#ifndef ACCOUNTS_PEOPLE_H
#define ACCOUNTS_PEOPLE_H

#include "base/verdict.h"
#include "config/config.h"

struct people;

/* Connects and reads which columns there are. NULL after a line in the log. */
struct people *people_open(const struct config *, struct arena *);

bool people_has_column(const struct people *, const char *name);

/* Whether the database can hold and normalize names that are not ASCII: it is UTF8. */
bool people_is_utf8(const struct people *);

/* One user; texts in the arena, NULL for SQL's NULL and for a column that is not there. */
enum person_cell {
	PERSON_ID, /* the primary key */
	PERSON_NAME,
	PERSON_EMAIL,
	PERSON_ACTIVE, /* "true" or "false", as the next two */
	PERSON_STAFF,
	PERSON_SUPERUSER,
	PERSON_JOINED, /* seconds since the epoch */
	PERSON_LAST_LOGIN,
	PERSON_HASH, /* format of the stored password, "none", or "unknown": nothing verifies it */
	PERSON_CELLS,
};
struct person {
	const char *cells[PERSON_CELLS];
};
struct persons {
	size_t count;
	struct person *persons;
};

struct new_person {
	const char *name, *password; /* the password is a stored string */
	const char *email;           /* "" if there is none */
	bool staff, superuser;
};

/* Adds an active user; the name is normalized as Django does (NFKC). NO: the name is taken. */
enum verdict people_add(struct people *, struct arena *, const struct new_person *);

/*
 * For all of them, of a name that is not in the table the normalized form counts. NO: there is no
 * such user.
 */
enum verdict people_find(struct people *, struct arena *, const char *name, struct person *out);
enum verdict people_set_password(
    struct people *, struct arena *, const char *name, const char *password);
enum verdict people_set_active(struct people *, struct arena *, const char *name, bool active);

/* NO too if the new name, which is normalized, is taken. */
enum verdict people_rename(struct people *, struct arena *, const char *name, const char *new_name);

/*
 * Deletes a user; outstanding tokens lose their owner, as with SimpleJWT (SET_NULL). UNDECIDED,
 * with PostgreSQL's words in the log, also if other tables refer to the user.
 */
enum verdict people_delete(struct people *, struct arena *, const char *name);

/* Users in the order of their ids, from the one after `skip` of them: at most 500. NO: none left.
 */
enum verdict people_list(struct people *, struct arena *, int64_t skip, struct persons *out);

/* How many stored passwords there are of each format; in the arena. */
struct hash_count {
	const char *format; /* as PERSON_HASH, without a cost */
	const char *count;
	bool verified; /* a login can succeed with it */
};
enum verdict people_hashes(struct people *, struct arena *, struct hash_count **out, size_t *count);

#endif
