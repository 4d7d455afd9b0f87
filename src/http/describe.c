#include "http/describe.h"

#include "json/json.h"

#include <stdio.h>
#include <string.h>

static void
put_ref(struct json_object *into, const char *name)
{
	char reference[128];

	snprintf(reference, sizeof(reference), "#/components/schemas/%s", name);
	json_put_text(into, "$ref", reference);
}

static struct json_object *
put_media(struct json_object *into, const char *type)
{
	return json_put_object(json_put_object(json_put_object(into, "content"), type), "schema");
}

/* The schema of a refusal: 400 is about fields, or about the whole body. */
static void
put_refusal(struct json_object *responses, const char *status, const char *meaning)
{
	struct json_object *response = json_put_object(responses, status), *schema, *either;

	json_put_text(response, "description", meaning);
	schema = put_media(response, "application/json");
	if (strcmp(status, "400") != 0) {
		put_ref(schema, "Refusal");
		return;
	}
	either = json_put_array(schema, "anyOf");
	put_ref(json_put_object(either, NULL), "Refusal");
	put_ref(json_put_object(either, NULL), "FieldErrors");
}

static void
put_responses(const struct endpoint *endpoint, struct json_object *operation)
{
	struct json_object *responses = json_put_object(operation, "responses");
	struct json_object *good = json_put_object(responses, "200");

	json_put_text(good, "description", "");
	put_ref(put_media(good, "application/json"), endpoint->schema);
	if (endpoint->fields[0].kind != FIELD_END) {
		put_refusal(responses, "400", "A field is missing or wrong, or the body is.");
		put_refusal(responses, "413", "The body is too large.");
		put_refusal(responses, "415", "The body is of another type.");
	}
	put_refusal(responses, "401", "The credentials or the token are not valid.");
	put_refusal(responses, "404", "The endpoint is off.");
	put_refusal(responses, "406", "No type that is accepted can be sent.");
	if (endpoint->slow)
		put_refusal(responses, "429", "Too many tries.");
	put_refusal(responses, "503", "The service is unavailable for the moment.");
}

/* As drf-spectacular names it: the path without /api/, and what is done. */
static void
put_operation_id(struct arena *arena, const struct endpoint *endpoint, struct json_object *into)
{
	const char *path = endpoint->path + (strncmp(endpoint->path, "/api/", 5) == 0 ? 5 : 1);
	bool gets = strncmp(endpoint->allow, "GET", 3) == 0;
	char *words = arena_copy(arena, path, strlen(path));

	for (char *at = words; *at != '\0'; at++)
		if (*at == '/')
			*at = '_';
	json_put_text(
	    into, "operationId", arena_printf(arena, "%s%s", words, gets ? "retrieve" : "create"));
}

static void
put_path(struct arena *arena, const struct config *config, const struct endpoint *endpoint,
    struct json_object *paths)
{
	static const char *const types[] = {
	    "application/json", "application/x-www-form-urlencoded", "multipart/form-data"};
	bool gets = strncmp(endpoint->allow, "GET", 3) == 0;
	struct json_object *item = json_put_object(paths, endpoint->path);
	struct json_object *operation = json_put_object(item, gets ? "get" : "post"), *content;

	put_operation_id(arena, endpoint, operation);
	json_put_text(operation, "summary", endpoint->title);
	json_put_text(operation, "description", endpoint->description);
	if (endpoint->bearer)
		json_put_array(
		    json_put_object(json_put_array(operation, "security"), NULL), "jwtAuth");
	if (endpoint->fields[0].kind != FIELD_END) {
		content = json_put_object(json_put_object(operation, "requestBody"), "content");
		for (size_t i = 0; i < (config->json_only ? 1 : 3); i++)
			put_ref(json_put_object(json_put_object(content, types[i]), "schema"),
			    arena_printf(arena, "%sRequest", endpoint->schema));
	}
	put_responses(endpoint, operation);
}

/* An empty object of the schemas, and its list of members that have to be there. */
static struct json_object *
put_schema(struct json_object *schemas, const char *name, struct json_object **required)
{
	struct json_object *schema = json_put_object(schemas, name);

	json_put_text(schema, "type", "object");
	*required = json_put_array(schema, "required");
	return json_put_object(schema, "properties");
}

static void
put_schemas(struct arena *arena, const struct config *config, const struct endpoint *endpoint,
    struct json_object *schemas)
{
	bool cookie = config->refresh_cookie != REFRESH_COOKIE_OFF;
	struct json_object *required, *properties;

	if (endpoint->fields[0].kind != FIELD_END) {
		properties = put_schema(
		    schemas, arena_printf(arena, "%sRequest", endpoint->schema), &required);
		for (const struct field *field = endpoint->fields;
		     field->kind != FIELD_END && field->kind != FIELD_READ_ONLY; field++) {
			const char *name = field_name(config, field);

			json_put_text(json_put_object(properties, name), "type", "string");
			if (field_is_required(config, field))
				json_put_text(required, NULL, name);
		}
	}
	properties = put_schema(schemas, endpoint->schema, &required);
	for (const struct member *member = endpoint->members; member->kind != MEMBER_END;
	     member++) {
		if (member->kind == MEMBER_COOKIE && cookie)
			continue;
		json_put_text(json_put_object(properties, member->name), "type",
		    member->kind == MEMBER_INTEGER ? "integer" : "string");
		if (member->kind != MEMBER_OPTIONAL)
			json_put_text(required, NULL, member->name);
	}
}

void
describe(const struct config *config, const struct endpoint *endpoint)
{
	struct arena *arena = arena_new();
	struct json_object *paths = json_new_object(arena), *schemas = json_new_object(arena);
	struct buffer text = {.arena = arena};

	if (endpoint->schema != NULL) {
		put_path(arena, config, endpoint, paths);
		put_schemas(arena, config, endpoint, schemas);
	}
	json_write(&text, paths, false);
	buffer_puts(&text, "\n");
	json_write(&text, schemas, false);
	puts(buffer_bytes(&text).data);
	arena_free(arena);
}
