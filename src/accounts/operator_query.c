#include "accounts/operator_query.h"

#include "base/log.h"
#include "config/claim_names.h"

#include <string.h>

static const char *
name_if(const char *query, const char *setting)
{
	return query == NULL ? NULL : setting;
}

const char *
operator_query_setting(const struct config *config, enum statement_number statement)
{
	switch (statement) {
	case CLAIMS:
	case CLAIMS_TEXT:
		return name_if(config->claims_query, "JWT_CLAIMS_QUERY");
	case LOGIN_ANSWER:
	case LOGIN_ANSWER_TEXT:
		return name_if(config->login_answer_query, "JWT_LOGIN_ANSWER_QUERY");
	case PROFILE:
	case PROFILE_TEXT:
		return name_if(config->oidc_claims_query, "JWT_OIDC_CLAIMS_QUERY");
	case PERMISSION:
	case PERMISSION_TEXT:
		return name_if(config->permission_query, "JWT_PERMISSION_QUERY");
	default:
		return NULL;
	}
}

bool
operator_query_reserved(
    const struct config *config, enum statement_number statement, const char *name)
{
	static const char *const of_answers[] = {"refresh", "access", "token", NULL};

	if (statement == CLAIMS || statement == CLAIMS_TEXT)
		return claim_names_reserved(config, name);
	if (statement == PROFILE || statement == PROFILE_TEXT)
		return strcmp(name, "sub") == 0;
	return bytes_among(bytes_of(name), of_answers);
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

/* Two queries default to ones on Django's tables, unless users come from JWT_USER_QUERY. */
static bool
has_text(const struct config *config, enum statement_number statement)
{
	return operator_query_setting(config, statement) != NULL ||
	       ((statement == PROFILE || statement == PERMISSION) && config->user_query == NULL);
}

enum verdict
operator_query_ask(struct accounts *accounts, struct arena *arena, enum statement_number statement,
    const char *const *parameters, const char **out)
{
	struct rows rows;
	enum verdict verdict;

	if (!has_text(accounts->config, statement))
		return VERDICT_NO;
	verdict = query_ask(accounts->database, arena, statement, parameters, &rows);
	if (verdict != VERDICT_YES)
		return verdict;
	*out = rows.values[0];
	return *out == NULL ? VERDICT_NO : VERDICT_YES;
}
