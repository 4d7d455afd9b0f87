#include "endpoints/custom.h"

#include "accounts/operator_query.h"
#include "base/log.h"
#include "config/claim_names.h"

static bool
is_set(const struct config *config, enum statement_number statement)
{
	return (statement == CLAIMS ? config->claims_query : config->login_answer_query) != NULL;
}

/* Reserved names are refused at the start, but then the database may not have answered. */
static bool
take_row(const struct request *request, enum statement_number statement, const char *text,
    struct json_object *out)
{
	const char *setting = operator_query_setting(request->config, statement), *why;
	struct json_object *row;

	if (!json_parse(request->arena, bytes_of(text), JSON_STRICT, &row, &why)) {
		log_error("%s: the row has a value that is refused as JSON: %s", setting, why);
		return false;
	}
	for (struct json_entry e = json_first(row); e.name != NULL; json_next(&e)) {
		if (operator_query_reserved(request->config, statement, e.name)) {
			log_error("%s: a column has the name of what the programs write themselves",
			    setting);
			return false;
		}
		if (e.value != NULL)
			json_put(out, e.name, e.value);
	}
	return true;
}

enum wire
custom_read(const struct request *request, const struct context *context,
    enum statement_number statement, const char *user_id, struct json_object **out)
{
	const char *text;

	*out = json_new_object(request->arena);
	if (!is_set(context->config, statement))
		return WIRE_OK;
	switch (operator_query_ask(
	    context->config, context->accounts, request->arena, statement, user_id, &text)) {
	case VERDICT_YES:
		return take_row(request, statement, text, *out) ? WIRE_OK : WIRE_UNAVAILABLE;
	case VERDICT_NO:
		return WIRE_OK;
	default:
		return WIRE_UNAVAILABLE;
	}
}

enum wire
custom_refresh(
    const struct request *request, const struct context *context, struct json_object **claims)
{
	const struct config *config = context->config;
	struct claims_context judged = context_claims(request, context);
	struct json_object *kept = json_new_object(request->arena), *row = NULL;
	const char *user_id;
	enum wire read = WIRE_OK;

	if (config->claims_query == NULL || !config->claims_refresh)
		return WIRE_OK;
	if (claims_user(&judged, *claims, &user_id) == CLAIMS_USER)
		read = custom_read(request, context, CLAIMS, user_id, &row);
	for (struct json_entry e = json_first(*claims); e.name != NULL; json_next(&e))
		if (claim_names_reserved(config, e.name))
			json_put(kept, e.name, e.value);
	json_put_members(kept, row);
	*claims = kept;
	return read;
}
