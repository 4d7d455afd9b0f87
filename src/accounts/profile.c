#include "accounts/profile.h"

#include "accounts/accounts.h"
#include "db/query.h"
#include "db/statements.h"

enum verdict
profile_read(
    struct accounts *accounts, struct arena *arena, const char *user_id, struct profile *out)
{
	struct profile_claim *claims;
	struct rows rows;
	enum verdict verdict =
	    query_ask(accounts_database(accounts), arena, PROFILE, &user_id, &rows);

	*out = (struct profile){.count = 0};
	if (verdict != VERDICT_YES)
		return verdict == VERDICT_UNDECIDED ? verdict : VERDICT_YES;
	claims = arena_alloc(arena, rows.count * sizeof(*claims));
	for (size_t i = 0; i < rows.count; i++)
		claims[i] = (struct profile_claim){
		    rows.values[i * rows.columns], rows.values[i * rows.columns + 1]};
	*out = (struct profile){rows.count, claims};
	return VERDICT_YES;
}
