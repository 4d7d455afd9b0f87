#include "accounts/permission.h"

#include "accounts/operator_query.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* A site with JWT_USER_QUERY may not have Django's tables. */
static bool
is_possible(const struct config *config)
{
	if (config->permission_query != NULL || config->user_query == NULL)
		return true;
	log_error("JWT_PERMISSION_QUERY is not set; permissions need it beside JWT_USER_QUERY");
	return false;
}

/* Whether answers can be kept: the query has no $3, $4 or "$03", and the feed reports changes. */
static bool
may_be_known(const struct config *config, struct feed *feed)
{
	const char *text = config->permission_query;

	while (text != NULL && (text = strchr(text, '$')) != NULL)
		if (strtol(++text, NULL, 10) > 2)
			return false;
	return feed_want_permissions(feed);
}

/* An answer depends on the user alone, not on the token. */
static struct known_fact
fact_of(struct arena *arena, const struct permission *asked, bool has)
{
	return (struct known_fact){.user_id = asked->user_id,
	    .permission = arena_printf(arena, "%c%s", has ? '+' : '-', asked->name)};
}

/* YES: *answer is known. NO: no answer is known. UNDECIDED: as feed_find(). */
static enum verdict
find(struct feed *feed, struct arena *arena, const struct permission *asked, enum verdict *answer)
{
	enum verdict found = VERDICT_NO;
	const char *name;

	for (int has = 1; has >= 0 && found != VERDICT_YES; has--) {
		struct known_fact fact = fact_of(arena, asked, has);

		found = feed_find(feed, arena, &fact, &name);
		*answer = has ? VERDICT_YES : VERDICT_NO;
	}
	return found;
}

static enum verdict
ask(struct accounts *accounts, struct arena *arena, const struct permission *asked)
{
	const char *const parameters[] = {asked->user_id, asked->name, asked->path, asked->method};
	const char *has;
	enum verdict verdict = operator_query_ask(accounts, arena, PERMISSION, parameters, &has);

	return verdict == VERDICT_YES && !query_is_true(has) ? VERDICT_NO : verdict;
}

enum verdict
permission_ask(struct accounts *accounts, struct arena *arena, const struct permission *asked)
{
	struct feed *feed = accounts->feed;
	bool known = may_be_known(accounts->config, feed);
	enum verdict answer = VERDICT_UNDECIDED, found = VERDICT_NO;
	struct known_fact fact;

	if (!is_possible(accounts->config))
		return VERDICT_UNDECIDED;
	if (known)
		found = find(feed, arena, asked, &answer);
	if (found != VERDICT_NO)
		return found == VERDICT_YES ? answer : VERDICT_UNDECIDED;
	answer = ask(accounts, arena, asked);
	fact = fact_of(arena, asked, answer == VERDICT_YES);
	if (known && answer != VERDICT_UNDECIDED)
		feed_add(feed, &fact, ""); /* a table with names takes no NULL */
	return answer;
}

enum verdict
permission_check(struct accounts *accounts, struct arena *arena, bool rights)
{
	return is_possible(accounts->config) ? accounts_check_permissions(accounts, arena, rights)
					     : VERDICT_NO;
}
