/*
 * The operator's queries about one user: JWT_CLAIMS_QUERY (CLAIMS), JWT_LOGIN_ANSWER_QUERY
 * (LOGIN_ANSWER), JWT_OIDC_CLAIMS_QUERY (PROFILE) and JWT_PERMISSION_QUERY (PERMISSION). The text
 * of the setting is sent unchanged; everything else is a parameter. Our own queries for PROFILE and
 * PERMISSION, about Django's tables, are sent in the same way.
 */
#pragma once

#include "accounts/accounts.h"
#include "db/query.h"
#include "db/statements.h"

/* The setting that contains a statement's SQL; NULL if it is our own, or finds users. */
const char *operator_query_setting(const struct config *, enum statement_number);

/* Whether a column of that name would overwrite a claim or member that the programs write. */
bool operator_query_reserved(const struct config *, enum statement_number, const char *name);

/*
 * Why a query cannot be used whose _TEXT has these columns, a clause in the arena; NULL if it can.
 */
const char *operator_query_fault(
    struct arena *, const struct config *, enum statement_number, const struct rows *columns);

/*
 * The result as text, in the arena: for PERMISSION "t" or "f", for the others the user's row as a
 * JSON object. NO: there is no row, or no such query. UNDECIDED: an outage, an error or more than
 * one row, after a line in the log that names the setting.
 */
enum verdict operator_query_ask(struct accounts *, struct arena *, enum statement_number,
    const char *const *parameters, const char **out);
