#include "accounts/blacklist.h"

#include "db/statements.h"

enum verdict
blacklist_list(struct accounts *accounts, struct arena *arena, const struct listed_token *record)
{
	const char *expires_at = arena_printf(arena, "%lld", (long long)record->expires_at);
	const char *parameters[] = {record->user_key, record->jti, record->token, expires_at,
	    record->created_now ? "t" : "f"};
	enum verdict verdict =
	    query_ask(accounts->database, arena, TOKEN_OUTSTANDING, parameters, NULL);

	return verdict == VERDICT_UNDECIDED ? VERDICT_UNDECIDED : VERDICT_YES;
}

enum verdict
blacklist_has(struct accounts *accounts, struct arena *arena, const char *jti)
{
	return query_ask(accounts->database, arena, TOKEN_BLACKLISTED, &jti, NULL);
}

enum verdict
blacklist_add(struct accounts *accounts, struct arena *arena, const char *jti)
{
	return query_ask(accounts->database, arena, TOKEN_BLACKLIST, &jti, NULL);
}
