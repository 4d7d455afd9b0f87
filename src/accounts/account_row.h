/*
 * The row that a query for a user returns: id, password, active and, if there are more columns, the
 * primary key and the name.
 */
#ifndef ACCOUNTS_ACCOUNT_ROW_H
#define ACCOUNTS_ACCOUNT_ROW_H

#include "accounts/accounts.h"
#include "db/query.h"

/*
 * Reads the first row; false, after a line in the log, if it has less than three columns or no id.
 * active is true for PostgreSQL's boolean and, of text and numbers, for its words t, true, y, yes,
 * on and 1; f, false, n, no, off and 0 are false. Case and surrounding blanks do not count, as for
 * PostgreSQL; its abbreviations such as "tru" are not accepted. All else is false, after a line in
 * the log. setting: named in these lines.
 */
bool account_row_read(const struct rows *, const char *setting, struct account *out);

/*
 * Why a query with such columns can return no account, a clause in the arena; NULL if it can.
 * sessions: accounts must be such as can have sessions.
 */
const char *account_row_fault(struct arena *, const struct rows *columns, bool sessions);

#endif
