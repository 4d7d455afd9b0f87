#include "endpoints/custom.h"

#include "accounts/operator_query.h"
#include "base/log.h"
#include "config/claim_names.h"

/* Reserved names are refused at the start too, unless the database did not answer then. */
static bool
take_row(const struct claims_context *signing, enum statement_number statement, const char *text,
    struct json_object *out)
{
	const struct config *config = signing->config;
	const char *setting = operator_query_setting(config, statement), *why;
	struct json_object *row;

	if (!json_parse(signing->arena, bytes_of(text), JSON_STRICT, &row, &why)) {
		log_error("%s: the row has a value that is refused as JSON: %s",
		    setting == NULL ? "database" : setting, why);
		return false;
	}
	for (struct json_entry e = json_first(row); e.name != NULL; json_next(&e)) {
		if (operator_query_reserved(config, statement, e.name)) {
			log_error("%s: a column has the name of what the programs write themselves",
			    setting);
			return false;
		}
		if (e.value != NULL)
			json_put(out, e.name, e.value);
	}
	return true;
}

bool
custom_read(const struct claims_context *signing, struct accounts *accounts,
    enum statement_number statement, const char *user_id, struct json_object **out)
{
	const char *text;
	enum verdict verdict =
	    operator_query_ask(accounts, signing->arena, statement, &user_id, &text);

	*out = json_new_object(signing->arena);
	if (verdict == VERDICT_YES)
		return take_row(signing, statement, text, *out);
	return verdict == VERDICT_NO;
}

bool
custom_refresh(
    const struct claims_context *signing, struct accounts *accounts, struct json_object **claims)
{
	const struct config *config = signing->config;
	struct json_object *kept = json_new_object(signing->arena), *row = NULL;
	const char *user_id;
	bool read = true;

	if (config->claims_query == NULL || !config->claims_refresh)
		return true;
	if (claims_user(signing, *claims, &user_id) == CLAIMS_USER)
		read = custom_read(signing, accounts, CLAIMS, user_id, &row);
	for (struct json_entry e = json_first(*claims); e.name != NULL; json_next(&e))
		if (claim_names_reserved(config, e.name))
			json_put(kept, e.name, e.value);
	json_put_members(kept, row);
	*claims = kept;
	return read;
}
