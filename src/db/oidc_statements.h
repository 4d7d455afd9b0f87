/*
 * The SQL of OpenID Connect (sql/oidc.sql): each step is one statement that may be repeated.
 */
#pragma once

#include "db/statements.h"

/* Fills in CLIENT_FIND to PROFILE, and PROFILE_TEXT; USER_BY_ID has to be there. */
void oidc_statements_make(
    struct arena *, const struct config *, struct statement made[static STATEMENT_COUNT]);
