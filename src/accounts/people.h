/*
 * The table of users as an administrator sees it: rows are added, shown and changed. Only jwtctl
 * does; the role of the programs may not.
 */
#ifndef ACCOUNTS_PEOPLE_H
#define ACCOUNTS_PEOPLE_H

#include "base/verdict.h"
#include "config/config.h"
#include "json/json.h"

struct people;

/* NULL after a line in the log, such as where JWT_USER_QUERY says that users are elsewhere. */
struct people *people_open(const struct config *);

struct person {
	const char *name, *password; /* the password is a stored string */
	const char *email;           /* "" if there is none */
	bool staff, superuser;
};

/*
 * Adds an active user, whose name is normalized as Django does (NFKC). NO: there is one of that
 * name. YES: the new id in *id.
 */
enum verdict people_add(struct people *, struct arena *, const struct person *, const char **id);

/* NO: nobody has that name. */
enum verdict people_set_password(
    struct people *, struct arena *, const char *name, const char *password);
enum verdict people_set_active(struct people *, struct arena *, const char *name, bool active);

/* An array of at most one object: id, name, email, active, staff, superuser, joined, last_login (in
 * seconds since the epoch) and hash (the password's format). NULL: the database has not answered.
 */
struct json *people_find(struct people *, struct arena *, const char *name);

/* The same of all users, in the order of their ids, from the one after `skip` of them; as many as
 * are worth one question, an empty array at the end. */
struct json *people_list(struct people *, struct arena *, int64_t skip);

#endif
