/*
 * What the operator's own queries add to tokens and answers (accounts/operator_query.h).
 */
#ifndef ENDPOINTS_CUSTOM_H
#define ENDPOINTS_CUSTOM_H

#include "db/statements.h"
#include "endpoints/context.h"

/*
 * The user's row of CLAIMS or LOGIN_ANSWER as an object without its NULLs, empty if there is no row
 * or the setting is not set. WIRE_OK, or WIRE_UNAVAILABLE after a line in the log that names the
 * setting.
 */
enum wire custom_read(const struct request *, const struct context *, enum statement_number,
    const char *user_id, struct json_object **out);

/*
 * Claims of a token that is refreshed: with JWT_CLAIMS_QUERY and JWT_CLAIMS_REFRESH those that the
 * programs write themselves and fresh ones of the query, no others; else *claims stays. Returns as
 * custom_read().
 */
enum wire custom_refresh(
    const struct request *, const struct context *, struct json_object **claims);

#endif
