/*
 * The SQL of sessions (sql/sessions.sql): each step is one statement that may be repeated.
 */
#ifndef DB_SESSION_STATEMENTS_H
#define DB_SESSION_STATEMENTS_H

#include "db/statements.h"

/* Fills in SESSION_BEGIN to SESSION_LIST; see enum statement_number for parameters and columns. */
void session_statements_make(
    struct arena *, const struct config *, struct statement made[static STATEMENT_COUNT]);

#endif
