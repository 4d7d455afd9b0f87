/*
 * The change feed: tells whether what this process knows of an owner is still true.
 *
 * The triggers of sql/changes.sql record which users change. When a request comes, and the last
 * query was sent more than JWT_FEED_POLL milliseconds ago, the process reads what has changed since
 * and removes those users from its table of known owners. So a known owner is judged as by a SELECT
 * sent at most that long ago, without reading the row.
 *
 * The query compares transaction snapshots, so a change is reported once it is committed, no matter
 * when its transaction began. The table of known owners is emptied after a new connection, a crash,
 * restart or fail-over of the server, a change of the triggers, or a minute without a query.
 */
#pragma once

#include "accounts/known.h"
#include "base/verdict.h"
#include "config/config.h"

struct feed;
struct database;

/* NULL if the settings exclude it: JWT_FEED_KNOWN is 0, or users come from JWT_USER_QUERY. */
struct feed *feed_open(const struct config *, struct database *, bool names);

/*
 * YES: the fact is known and unchanged; *name as by known_has(). NO: it must be read, and may be
 * added; an owner only if found good. UNDECIDED: the database has not answered for longer than
 * JWT_FEED_STALE. The feed may be NULL: NO.
 *
 * The first call of a process sends no query, because a CGI program makes no second call.
 */
enum verdict feed_find(struct feed *, struct arena *, const struct known_fact *, const char **name);

/* Adds a fact that was read after a NO of feed_find(). The feed may be NULL. */
void feed_add(struct feed *, const struct known_fact *, const char *name);

/*
 * From the first call on, queries also ask for the triggers of permissions (sql/permissions.sql),
 * which makes them slower. Returns whether all were there at the last query, so that the feed
 * reports changes of permissions too. The feed may be NULL: no.
 */
bool feed_want_permissions(struct feed *);

/*
 * Whether the database has a feed that can be used. NO: it is not installed, disabled, made for
 * other columns or another schema, or the server is a standby. UNDECIDED: as query_ask(). The feed
 * may be NULL: YES.
 */
enum verdict feed_check(struct feed *, struct arena *);
