/*
 * The SQL of sessions (sql/sessions.sql). Each step is one statement that can be repeated safely.
 */
#pragma once

#include "db/statements.h"

/*
 * SQL for a user, in the table of users or in the result of the operator's query. With Django's
 * table and without JWT_CHECK_USER_IS_ACTIVE, "SELECT id FROM from_item WHERE is_user AND active
 * lock_clause" is
 *
 *     SELECT u."id" FROM "auth_user" u WHERE u."id" = $1 AND true FOR SHARE
 */
struct session_users {
	const char *id, *password, *active;
	const char *is_user;     /* the condition that u is the user of $1 */
	const char *from_item;   /* u: all users, or the one of $1 */
	const char *lock_clause; /* ends a sub-select of one user: waits for changes in progress */
};
struct session_users session_users_of(struct arena *, const struct config *);

/*
 * The condition that user u may log in. column: holds a boolean, a number or a word, read as by
 * account_read(). Without JWT_CHECK_USER_IS_ACTIVE it is always true.
 */
const char *session_active_of(struct arena *, const struct config *, const char *column);

/*
 * The condition that no later change has ended all sessions of the user of session s. The row may
 * outlive such a change: a transaction with an old snapshot (REPEATABLE READ) does not see, and so
 * does not delete, sessions that began after its snapshot.
 */
#define SESSION_ALIVE                                                                        \
	"NOT EXISTS (SELECT FROM jwt_change c WHERE c.user_id IN (s.user_id, '') AND c.ends" \
	" AND c.sid IS NULL AND c.keep IS DISTINCT FROM s.sid AND c.at >= s.created_at)"

/* Fills in SESSION_BEGIN to SESSION_LIST; see enum statement_number for parameters and columns. */
void session_statements_make(
    struct arena *, const struct config *, struct statement made[static STATEMENT_COUNT]);
