#include "accounts/feed.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "db/query.h"
#include "db/statements.h"

#include <stdlib.h>
#include <string.h>

/* Milliseconds. */
#define SILENCE_MAXIMUM 60000 /* without a query; sql/changes.sql keeps changes for much longer */
#define UNUSED_FOR      60000 /* until a missing feed is looked for again */
#define FAILED_FOR      1000  /* until the feed is read again after a failure */

#define CHANGES_MAXIMUM 4096 /* the statement returns one more, which means too many */

/* Columns of both statements. */
enum { STARTED, SNAPSHOT, TRIGGERS, USABLE, PERMISSIONS, CHANGED_USER, CHANGED_SID };

struct feed {
	struct database *database;
	struct known *known;
	const char *table;     /* of users, quoted for SQL */
	const char *arguments; /* of its triggers, in SQL's notation for bytes */
	long poll_ms, stale_ms;
	bool called;         /* at least once */
	bool usable;         /* the feed is installed, on a primary server */
	bool watches;        /* queries ask for the triggers of sql/permissions.sql too */
	bool permissions;    /* these are installed */
	unsigned generation; /* of the connection of the last query */
	int64_t asked;       /* when the last answered query was sent */
	int64_t failed;      /* when the database did not answer; 0: it has answered since */
	char *identity;      /* of server and triggers */
	char *snapshot;      /* of the last query */
};

/* The columns by which an owner is judged, in the order of sql/changes.sql. */
static const char *
trigger_arguments(struct arena *arena, const struct config *config)
{
	const char *const columns[] = {config->user_id_field, config->user_password_field,
	    config->user_active_field, config->username_field};
	struct buffer hex = {.arena = arena};

	buffer_puts(&hex, "\\x");
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		for (const char *at = columns[i]; *at != '\0'; at++)
			buffer_printf(&hex, "%02x", (unsigned char)*at);
		buffer_puts(&hex, "00");
	}
	return hex.data;
}

struct feed *
feed_open(const struct config *config, struct database *database, bool names)
{
	struct feed *feed;

	if (config->feed_known == 0 || config->user_query != NULL)
		return NULL;
	feed = arena_alloc(arena_of_process(), sizeof(*feed));
	feed->database = database;
	feed->known = known_new((size_t)config->feed_known, names);
	feed->table = statements_quote(arena_of_process(), config->user_table);
	feed->arguments = trigger_arguments(arena_of_process(), config);
	feed->poll_ms = config->feed_poll;
	feed->stale_ms = config->feed_stale * 1000;
	return feed;
}

/* Replaces a text; whether it has changed. */
static bool
replace(char **text, const char *value)
{
	bool same = *text != NULL && strcmp(*text, value) == 0;

	if (same)
		return false;
	free(*text);
	*text = memory_need(strdup(value));
	return true;
}

static void
set_usable(struct feed *feed, bool usable, bool expected)
{
	if (expected && !usable)
		log_warning("change feed: not in use: jwt_change or its triggers are missing, "
			    "disabled or made for other columns or another schema, the table of "
			    "users has partitions or children, or the server is a standby; every "
			    "request reads the database; sql/changes.sql installs the feed");
	feed->usable = usable;
}

static void
remove_changed(struct feed *feed, const struct rows *rows)
{
	const char *changed[CHANGES_MAXIMUM];
	size_t count = 0;

	for (size_t row = 0; row < rows->count; row++) {
		const char *const *values = query_row(rows, row);
		const char *user_id = values[CHANGED_USER], *sid = values[CHANGED_SID];

		if (user_id == NULL)
			continue;
		if (count == CHANGES_MAXIMUM || *user_id == '\0') {
			known_clear(feed->known);
			return;
		}
		changed[count++] = sid != NULL ? sid : user_id;
	}
	if (count > 0)
		known_remove(feed->known, changed, count);
}

/* Applies the answer to a query. anew: all that was known before is dropped. */
static void
take(struct feed *feed, struct arena *arena, const struct rows *rows, bool anew)
{
	const char *const *first = rows->values;
	const char *identity = arena_printf(arena, "%s %s %s", first[STARTED],
	    first[TRIGGERS] ? first[TRIGGERS] : "", first[PERMISSIONS] ? first[PERMISSIONS] : "");
	bool other = replace(&feed->identity, identity);

	set_usable(
	    feed, query_is_true(first[USABLE]), feed->usable || (other && first[TRIGGERS] != NULL));
	feed->permissions = feed->usable && first[PERMISSIONS] != NULL;
	replace(&feed->snapshot, first[SNAPSHOT]);
	if (other || anew || !feed->usable)
		known_clear(feed->known);
	else
		remove_changed(feed, rows);
}

/* Whether the last answer is recent enough for a request now. */
static bool
is_fresh(const struct feed *feed, int64_t now)
{
	long period = feed->usable ? feed->poll_ms : UNUSED_FOR;

	return feed->identity != NULL && feed->generation == query_generation(feed->database) &&
	       now - feed->asked < period;
}

/* Whether known owners may still be used in an outage (JWT_FEED_STALE). */
static bool
may_be_stale(const struct feed *feed, int64_t now)
{
	return feed->usable && now - feed->asked <= feed->stale_ms;
}

/* YES: the known owners are now up to date. NO: there is no feed. UNDECIDED: an outage. */
static enum verdict
ask(struct feed *feed, struct arena *arena)
{
	int64_t now = clock_milliseconds();
	struct rows rows;
	bool anew;

	if (is_fresh(feed, now))
		return feed->usable ? VERDICT_YES : VERDICT_NO;
	if (feed->failed != 0 && now - feed->failed < FAILED_FOR && may_be_stale(feed, now))
		return VERDICT_UNDECIDED;
	anew = feed->snapshot == NULL || !feed->usable || now - feed->asked > SILENCE_MAXIMUM ||
	       feed->generation != query_generation(feed->database);
	if (query_ask(feed->database, arena, anew ? FEED_START : FEED_CHANGES,
		(const char *[]){
		    feed->table, feed->arguments, feed->watches ? "t" : "f", feed->snapshot},
		&rows) != VERDICT_YES) {
		if (!query_connected(feed->database)) {
			feed->failed = clock_milliseconds();
			return VERDICT_UNDECIDED;
		}
		/* an SQL error: a table or a right is gone */
		set_usable(feed, false, feed->usable);
		feed->permissions = false;
		replace(&feed->identity, "");
		known_clear(feed->known);
	} else {
		/* query_ask() may have opened another connection. */
		anew = anew || feed->generation != query_generation(feed->database);
		take(feed, arena, &rows, anew);
	}
	feed->generation = query_generation(feed->database);
	feed->asked = now;
	feed->failed = 0;
	return feed->usable ? VERDICT_YES : VERDICT_NO;
}

enum verdict
feed_find(struct feed *feed, struct arena *arena, const struct known_fact *fact, const char **name)
{
	enum verdict asked;
	bool first, found;

	if (feed == NULL)
		return VERDICT_NO;
	first = !feed->called;
	feed->called = true;
	if (first)
		return VERDICT_NO;
	asked = ask(feed, arena);
	if (feed->usable)
		metrics_feed(known_count(feed->known), feed->asked);
	switch (asked) {
	case VERDICT_YES:
		return known_has(feed->known, fact, arena, name) ? VERDICT_YES : VERDICT_NO;
	case VERDICT_NO:
		return VERDICT_NO;
	default:
		found = may_be_stale(feed, clock_milliseconds()) &&
			known_has(feed->known, fact, arena, name);
		return found ? VERDICT_YES : VERDICT_UNDECIDED;
	}
}

void
feed_add(struct feed *feed, const struct known_fact *fact, const char *name)
{
	if (feed != NULL && feed->usable && feed->failed == 0 &&
	    feed->generation == query_generation(feed->database))
		known_add(feed->known, fact, name);
}

bool
feed_want_permissions(struct feed *feed)
{
	if (feed == NULL)
		return false;
	feed->watches = true;
	return feed->permissions;
}

/* Described first, because a server that is too old for the statement is not an error. */
enum verdict
feed_check(struct feed *feed, struct arena *arena)
{
	struct rows rows;
	const char *fault = NULL;
	enum verdict verdict;

	if (feed == NULL)
		return VERDICT_YES;
	verdict = query_describe(feed->database, arena, FEED_START, false, &rows, &fault);
	if (verdict == VERDICT_YES)
		verdict = query_ask(feed->database, arena, FEED_START,
		    (const char *[]){feed->table, feed->arguments, "f"}, &rows);
	return verdict == VERDICT_YES && !query_is_true(rows.values[USABLE]) ? VERDICT_NO : verdict;
}
