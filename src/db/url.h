/*
 * A database's URL, as platforms name it in DATABASE_URL.
 */
#ifndef DB_URL_H
#define DB_URL_H

#include <stdbool.h>

/*
 * Puts what a postgresql:// URL says into libpq's PG* variables, where an existing one wins. NULL
 * is no URL and fine. false after a line in the log, which does not show the URL.
 */
bool url_to_environment(const char *url);

#endif
