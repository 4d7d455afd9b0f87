/*
 * The SQL of OpenID Connect (sql/oidc.sql). Each step is one statement that can be repeated safely.
 */
#pragma once

#include "db/statements.h"

/* Fills in CLIENT_FIND to PROFILE, and PROFILE_TEXT; USER_BY_ID must be filled in already. */
void oidc_statements_make(
    struct arena *, const struct config *, struct statement made[static STATEMENT_COUNT]);
