/*
 * The SQL of sessions (sql/sessions.sql): each step is one statement that may be repeated.
 */
#pragma once

#include "db/statements.h"

/* How SQL writes the columns of the table of users, or of what the operator's query returns. */
struct session_users {
	const char *id, *password, *active;
	const char *is;     /* whether it is the user of $1 */
	const char *from;   /* all of the users, or the one of $1 */
	const char *locked; /* behind a sub-select of one user: waits for changes in progress */
};
struct session_users session_users_of(struct arena *, const struct config *);

/*
 * Whether the user may log in, of such a column of the row u: a boolean, a number or a word, as
 * account_read() reads it. Always, without JWT_CHECK_USER_IS_ACTIVE.
 */
const char *session_active_of(struct arena *, const struct config *, const char *column);

/*
 * A session that began before a change that ended all sessions of its user is not alive, although
 * its row may be there: a transaction with an old snapshot (REPEATABLE READ) changes a user without
 * seeing the sessions that were opened since.
 */
#define SESSION_ALIVE                                                                        \
	"NOT EXISTS (SELECT FROM jwt_change c WHERE c.user_id IN (s.user_id, '') AND c.ends" \
	" AND c.sid IS NULL AND c.keep IS DISTINCT FROM s.sid AND c.at >= s.created_at)"

/* Fills in SESSION_BEGIN to SESSION_LIST; see enum statement_number for parameters and columns. */
void session_statements_make(
    struct arena *, const struct config *, struct statement made[static STATEMENT_COUNT]);
