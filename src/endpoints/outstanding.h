/*
 * Tokens in the two tables of SimpleJWT's blacklist app, outstanding and blacklisted.
 */
#pragma once

#include "endpoints/context.h"

/* Whether tokens of that kind are listed in the tables. */
bool outstanding_takes(const struct config *, enum token_kind);

/*
 * Lists a token, which has an exp, under the account of that primary key (may be NULL).
 * created_now: whether created_at is the present time or NULL. NO: the token has no id, or one too
 * long for the table. UNDECIDED: an outage.
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
 * Blacklisting has two steps: outstanding_add_old() lists the token, unless it is listed already,
 * under the account of that key (may be NULL); outstanding_end() blacklists it, or returns
 * WIRE_TOKEN_BLACKLISTED if another request did so first. outstanding_blacklist() does both.
 */
enum wire outstanding_add_old(
    const struct request *, const struct context *, struct json_object *claims, const char *key);
enum wire outstanding_end(
    const struct request *, const struct context *, struct json_object *claims);
enum wire outstanding_blacklist(
    const struct request *, const struct context *, struct json_object *claims, const char *key);
