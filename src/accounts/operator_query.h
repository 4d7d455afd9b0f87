/*
 * SQL of the operator's own for one user: JWT_CLAIMS_QUERY (CLAIMS) and JWT_LOGIN_ANSWER_QUERY
 * (LOGIN_ANSWER). The text of the settings is sent as it is; the user id is a parameter.
 */
#ifndef ACCOUNTS_OPERATOR_QUERY_H
#define ACCOUNTS_OPERATOR_QUERY_H

#include "accounts/accounts.h"
#include "db/query.h"
#include "db/statements.h"

/* The setting that a statement's text is from; NULL if it is the project's, or one for users. */
const char *operator_query_setting(const struct config *, enum statement_number);

/* Whether a column of that name would overwrite what the programs write themselves. */
bool operator_query_reserved(const struct config *, enum statement_number, const char *name);

/* Why a query with such columns cannot be used, a clause in the arena; NULL if it can. */
const char *operator_query_fault(
    struct arena *, const struct config *, enum statement_number, const struct rows *columns);

/*
 * The user's row as the text of a JSON object, in the arena. NO: there is no row. UNDECIDED: an
 * outage, an error or more than one row, after a line in the log that names the setting.
 */
enum verdict operator_query_ask(const struct config *, struct accounts *, struct arena *,
    enum statement_number, const char *user_id, const char **out);

#endif
