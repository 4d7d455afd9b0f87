#include "accounts/operator_query.h"

#include "base/log.h"
#include "base/metrics.h"
#include "config/claim_names.h"

#include <string.h>

const char *
operator_query_setting(const struct config *config, enum statement_number statement)
{
	switch (statement) {
	case CLAIMS:
	case CLAIMS_TEXT:
		return "JWT_CLAIMS_QUERY";
	case LOGIN_ANSWER:
	case LOGIN_ANSWER_TEXT:
		return "JWT_LOGIN_ANSWER_QUERY";
	case PROFILE:
	case PROFILE_TEXT:
		return config->oidc_claims_query == NULL ? NULL : "JWT_OIDC_CLAIMS_QUERY";
	case PERMISSION:
		return config->permission_query == NULL ? NULL : "JWT_PERMISSION_QUERY";
	default:
		return NULL;
	}
}

bool
operator_query_reserved(
    const struct config *config, enum statement_number statement, const char *name)
{
	static const char *const of_answers[] = {"refresh", "access", "token"};

	if (statement == CLAIMS || statement == CLAIMS_TEXT)
		return claim_names_reserved(config, name);
	for (size_t i = 0; i < sizeof(of_answers) / sizeof(*of_answers); i++)
		if (strcmp(name, of_answers[i]) == 0)
			return true;
	return false;
}

const char *
operator_query_fault(struct arena *arena, const struct config *config,
    enum statement_number statement, const struct rows *columns)
{
	const char *const *names = columns->names;

	if (*names == NULL)
		return "returns no columns";
	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], "?column?") == 0)
			return arena_printf(arena, "column %zu has no name", i + 1);
		if (operator_query_reserved(config, statement, names[i]))
			return arena_printf(arena,
			    "column %s has the name of what the programs write themselves",
			    log_quote(arena, bytes_of(names[i])));
		for (size_t k = 0; k < i; k++)
			if (strcmp(names[i], names[k]) == 0)
				return arena_printf(arena, "two columns are named %s",
				    log_quote(arena, bytes_of(names[i])));
	}
	return NULL;
}

enum verdict
operator_query_ask(const struct config *config, struct accounts *accounts, struct arena *arena,
    enum statement_number statement, const char *user_id, const char **out)
{
	struct rows rows;
	enum verdict verdict =
	    query_ask(accounts_database(accounts), arena, statement, &user_id, &rows);

	if (verdict == VERDICT_UNDECIDED)
		metrics_database_error();
	if (verdict != VERDICT_YES)
		return verdict;
	if (rows.count > 1) {
		log_error("%s: more than one row for one user",
		    operator_query_setting(config, statement));
		return VERDICT_UNDECIDED;
	}
	*out = rows.values[0];
	return VERDICT_YES;
}
