/*
 * Making a token for an account and listing it: what the programs and jwtctl do alike.
 */
#pragma once

#include "accounts/accounts.h"
#include "accounts/sessions.h"
#include "signing/claims.h"

/* Whether new tokens of that kind stand in the table of outstanding ones. */
bool issue_lists(const struct config *, enum token_kind);

/*
 * New claims of that kind for an account, and their signed token; NULL: OpenSSL has failed.
 * session: NULL if it has none. custom: claims of the operator's own, NULL if there are none.
 */
const char *issue_token(const struct claims_context *, enum token_kind, const struct account *,
    const struct session *, struct json_object *custom, struct json_object **claims);

/*
 * Lists a token, which has an exp, under the account of that key. created_now: whether the table
 * says so, or nothing. NO: it has no id that fits. UNDECIDED: an outage.
 */
enum verdict issue_list(const struct claims_context *, struct accounts *,
    struct json_object *claims, const char *token, const char *key, bool created_now);
