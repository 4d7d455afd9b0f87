/*
 * What the operator's own queries add to tokens and answers (accounts/operator_query.h).
 */
#pragma once

#include "accounts/accounts.h"
#include "db/statements.h"
#include "signing/claims.h"

/*
 * Reads the user's row of CLAIMS, LOGIN_ANSWER or PROFILE into an object without its NULLs, empty
 * if there is no row or the setting is not set. false: an outage or a fault of the query, after a
 * line in the log that names the setting.
 */
bool custom_read(const struct claims_context *, struct accounts *, enum statement_number,
    const char *user_id, struct json_object **out);

/*
 * Renews the operator's claims of a token that is refreshed. With JWT_CLAIMS_QUERY and
 * JWT_CLAIMS_REFRESH *claims becomes the claims that the programs write themselves and the query's
 * present row; otherwise it stays as it is. Returns as custom_read().
 */
bool custom_refresh(const struct claims_context *, struct accounts *, struct json_object **claims);
