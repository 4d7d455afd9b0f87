/*
 * Tokens in the two tables of SimpleJWT's blacklist app, outstanding and blacklisted.
 */
#pragma once

#include "endpoints/context.h"

/* Whether tokens of that kind stand in the tables. */
bool outstanding_takes(const struct config *, enum token_kind);

/*
 * Lists a token, which has an exp, under the account of that key (which may be NULL). created_now:
 * whether the table says so, or nothing. NO: it has no id that fits. UNDECIDED: an outage.
 */
enum verdict outstanding_list(const struct claims_context *, struct accounts *,
    struct json_object *claims, const char *token, const char *key, bool created_now);

/*
 * Each function from here on returns WIRE_OK, WIRE_TOKEN_INVALID if the token's id does not fit, or
 * WIRE_UNAVAILABLE.
 */

/* Lists a new token, which has an exp, under the account of that primary key. */
enum wire outstanding_add(const struct request *, const struct context *,
    struct json_object *claims, const char *token, const char *key);

/*
 * Blacklisting takes two steps: list the token, unless it is listed already, under the account of
 * that key (which may be NULL); then end it: WIRE_TOKEN_BLACKLISTED if another request was first.
 */
enum wire outstanding_add_old(
    const struct request *, const struct context *, struct json_object *claims, const char *key);
enum wire outstanding_end(
    const struct request *, const struct context *, struct json_object *claims);
enum wire outstanding_blacklist(
    const struct request *, const struct context *, struct json_object *claims, const char *key);
