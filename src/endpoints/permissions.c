/*
 * GET /api/permissions/?has=blog.add_post&has=blog.change_post: which of these the user has, for a
 * front end that hides what the user may not do.
 */
#include "accounts/permission.h"
#include "endpoints/bearer.h"
#include "http/form.h"

#include <string.h>

#define QUERY          "has"
#define NAMES_MAXIMUM  100
#define LENGTH_MAXIMUM 255 /* bytes; Django's columns hold 100 characters each */

static struct reply
refuse(struct request *request, const char *why)
{
	struct json_object *errors = json_new_object(request->arena);

	json_put_text(json_put_array(errors, QUERY), NULL, why);
	return reply_field_errors(request, errors);
}

/* What is wrong with the names, in DRF's words; NULL: nothing. */
static const char *
find_fault(const struct form_field *field)
{
	size_t count = 0;

	for (; field != NULL; field = field->next) {
		if (!bytes_equal(field->name, QUERY))
			continue;
		if (++count > NAMES_MAXIMUM)
			return "Ensure this field has no more than 100 elements.";
		if (field->value.length > LENGTH_MAXIMUM)
			return "Ensure this field has no more than 255 characters.";
		if (field->value.length == 0)
			return "This field may not be blank.";
		if (memchr(field->value.data, '\0', field->value.length) != NULL)
			return "Null characters are not allowed.";
	}
	return NULL;
}

/* false: an outage. A repeated name is asked for once. */
static bool
put_answer(struct request *request, const struct context *context, struct json_object *body,
    const char *name)
{
	struct permission asked = {.user_id = request->user_id, .name = name};
	enum verdict has;

	if (json_has(body, name))
		return true;
	has = permission_ask(context->accounts, request->arena, &asked);
	if (has != VERDICT_UNDECIDED)
		json_put_bool(body, name, has == VERDICT_YES);
	return has != VERDICT_UNDECIDED;
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct json_object *body = json_new_object(request->arena);
	struct form_field *fields;
	const char *why = NULL;

	if (form_urlencoded(request->arena, bytes_of(request->query), false, &fields, &why))
		why = find_fault(fields);
	if (why != NULL)
		return refuse(request, why);
	for (const struct form_field *field = fields; field != NULL; field = field->next)
		if (bytes_equal(field->name, QUERY) &&
		    !put_answer(request, context, body,
			arena_copy(request->arena, field->value.data, field->value.length)))
			return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	return reply_value(request, body);
}

/* Django's tables are checked with `rights` only: a site without them may start, because its front
 * end may never ask. */
static enum verdict
check(struct context *context, bool rights)
{
	enum verdict verdict = context_check(context, rights);
	struct arena *arena;

	if (!rights || verdict != VERDICT_YES || context->config->permission_query != NULL)
		return verdict;
	arena = arena_new();
	verdict = permission_check(context->accounts, arena, rights);
	arena_free(arena);
	return verdict;
}

const struct endpoint endpoint = {
    .name = "permissions",
    .allow = "GET, HEAD, OPTIONS",
    .title = "Permissions",
    .description = "Says which of the permissions the user has.",
    .path = "/api/permissions/",
    .schema = "Permissions",
    .query = QUERY,
    .bearer = true,
    .start = context_open,
    .check = check,
    .admit = bearer_admit,
    .answer = answer,
};
