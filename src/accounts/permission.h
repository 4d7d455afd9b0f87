/*
 * What a user may do: Django's permissions, or those of JWT_PERMISSION_QUERY.
 *
 * Answers are kept in the table of known owners (accounts/known.h) if the change feed reports
 * changes of permissions too (sql/permissions.sql), unless the query uses path or method.
 */
#pragma once

#include "accounts/accounts.h"

/* UTF-8 without NUL. */
struct permission {
	const char *user_id;
	const char *name;          /* "app_label.codename" */
	const char *path, *method; /* of the request to be authorized; NULL: there is none */
};

/* NO also if the query returns no row. UNDECIDED: an outage, or a fault of the query. */
enum verdict permission_ask(struct accounts *, struct arena *, const struct permission *);

/* Whether the database has what permission_ask() needs: as accounts_check(). */
enum verdict permission_check(struct accounts *, struct arena *, bool rights);
