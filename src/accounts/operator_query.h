/*
 * SQL of the operator's own for one user: JWT_CLAIMS_QUERY (CLAIMS), JWT_LOGIN_ANSWER_QUERY
 * (LOGIN_ANSWER), JWT_OIDC_CLAIMS_QUERY (PROFILE) and JWT_PERMISSION_QUERY (PERMISSION). The text
 * of the settings is sent as it is; all else is a parameter. The project's own SQL for PROFILE and
 * PERMISSION, of the tables of Django, is asked in the same way.
 */
#pragma once

#include "accounts/accounts.h"
#include "db/query.h"
#include "db/statements.h"

/* The setting that a statement's text is from; NULL if it is the project's, or one for users. */
const char *operator_query_setting(const struct config *, enum statement_number);

/* Whether a column of that name would overwrite what the programs write themselves. */
bool operator_query_reserved(const struct config *, enum statement_number, const char *name);

/*
 * Why a query whose _TEXT has such columns cannot be used, a clause in the arena; NULL if it can.
 */
const char *operator_query_fault(
    struct arena *, const struct config *, enum statement_number, const struct rows *columns);

/*
 * The answer as text, in the arena: of PERMISSION "t" or "f", of the others the user's row as a
 * JSON object. NO: there is no row, or no SQL for it. UNDECIDED: an outage, an error or more than
 * one row, after a line in the log that names the setting.
 */
enum verdict operator_query_ask(struct accounts *, struct arena *, enum statement_number,
    const char *const *parameters, const char **out);
