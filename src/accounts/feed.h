/*
 * The change feed: whether what this process has read of an owner is still true.
 *
 * sql/changes.sql keeps a table of the users that changed. A process reads what changed since its
 * last read, when a request comes and the last query was sent more than JWT_FEED_POLL
 * milliseconds ago, and removes those users from its table of known owners. So a known owner is
 * judged as a SELECT sent at most that long ago would have judged the user, and no row is read.
 *
 * The question uses transaction snapshots: a change is reported once it is committed, whenever its
 * transaction began. After a new connection, a crash, restart or fail-over, a change of the
 * triggers or a minute without a question the table of known owners is emptied.
 */
#pragma once

#include "accounts/known.h"
#include "base/verdict.h"
#include "config/config.h"

struct feed;
struct database;

/* NULL if the settings want none: JWT_FEED_KNOWN is 0, or users come from JWT_USER_QUERY. */
struct feed *feed_open(const struct config *, struct database *, bool names);

/*
 * YES: the owner is known and unchanged; *name as of known_has(). NO: the owner must be read, and
 * may be added if that finds him good. UNDECIDED: the database does not answer, and has not for
 * longer than JWT_FEED_STALE. The feed may be NULL: NO.
 *
 * The first call of a process sends no query: a CGI program has no second one.
 */
enum verdict feed_find(
    struct feed *, struct arena *, const struct known_owner *, const char **name);

/* Adds an owner who was read after feed_find() had said NO. The feed may be NULL. */
void feed_add(struct feed *, const struct known_owner *, const char *name);

/*
 * Whether changes of permissions are in the feed too (sql/permissions.sql), as of the last query.
 * Queries ask for that only after the first call, because it makes them slower. The feed may be
 * NULL: no.
 */
bool feed_watches_permissions(struct feed *);

/*
 * Whether the feed could be used now, for a check of the database. NO: it is not installed,
 * disabled, made for other columns or another schema, or the server is a standby. UNDECIDED: as
 * query_ask(). The feed may be NULL: YES.
 */
enum verdict feed_check(struct feed *, struct arena *);
