#include "http/describe.h"

#include "json/json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The endpoint to describe and the objects of its description. */
struct description {
	struct arena *arena;
	const struct config *config;
	const struct endpoint *endpoint;
	struct json_object *paths, *schemas, *security;
};

static bool
takes_fields(const struct endpoint *endpoint)
{
	return endpoint->fields[0].kind != FIELD_END;
}

static void
put_ref(const struct description *description, struct json_object *into, const char *name)
{
	json_put_text(
	    into, "$ref", arena_printf(description->arena, "#/components/schemas/%s", name));
}

/* A refusal refers to the response that scripts/schema defines for its status. */
static void
put_refusals(const struct description *description, struct json_object *responses)
{
	const struct endpoint *endpoint = description->endpoint;
	bool fields = takes_fields(endpoint);
	bool cookie = description->config->refresh_cookie != REFRESH_COOKIE_OFF &&
		      (endpoint->fields[0].kind == FIELD_COOKIE ||
			  endpoint->members[0].kind == MEMBER_COOKIE);
	const struct {
		const char *status;
		bool is_given;
	} refusals[] = {{"400", fields || endpoint->query != NULL}, {"401", true}, {"403", cookie},
	    {"404", true}, {"406", true}, {"413", fields}, {"415", fields}, {"429", endpoint->slow},
	    {"503", true}};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].is_given)
			json_put_text(json_put_object(responses, refusals[i].status), "$ref",
			    arena_printf(description->arena, "#/components/responses/%s",
				refusals[i].status));
}

static char *
replace(struct arena *arena, const char *text, char from, char to)
{
	char *copy = arena_copy(arena, text, strlen(text));

	for (char *at = copy; *at != '\0'; at++)
		if (*at == from)
			*at = to;
	return copy;
}

/*
 * Names an operation as drf-spectacular does for a site with paths outside of /api/: the words of
 * the path and the action. The tag is the first of the words.
 */
static void
put_names(const struct description *description, struct json_object *operation, const char *action)
{
	const char *path = description->endpoint->path + 1;

	json_put_text(operation, "operationId",
	    arena_printf(
		description->arena, "%s%s", replace(description->arena, path, '/', '_'), action));
	json_put_text(json_put_array(operation, "tags"), NULL,
	    arena_copy(description->arena, path, strcspn(path, "/")));
}

/* Adds an operation without parameters and body; *good is its response with that status. */
static struct json_object *
put_operation(const struct description *description, const char *path, const char *method,
    const char *action, const char *status, struct json_object **good)
{
	struct json_object *operation =
	    json_put_object(json_put_object(description->paths, path), method);
	struct json_object *responses;

	put_names(description, operation, action);
	json_put_text(operation, "summary", description->endpoint->title);
	json_put_text(operation, "description", description->endpoint->description);
	if (description->endpoint->bearer)
		json_put_array(
		    json_put_object(json_put_array(operation, "security"), NULL), "jwtAuth");
	responses = json_put_object(operation, "responses");
	*good = json_put_object(responses, status);
	json_put_text(*good, "description", "");
	put_refusals(description, responses);
	return operation;
}

static struct json_object *
put_parameter(struct json_object *operation, const char *name, const char *in)
{
	struct json_object *parameter =
	    json_put_object(json_put_array(operation, "parameters"), NULL);

	json_put_text(parameter, "name", name);
	json_put_text(parameter, "in", in);
	json_put_bool(parameter, "required", strcmp(in, "path") == 0);
	return json_put_object(parameter, "schema");
}

static void
put_body(const struct description *description, struct json_object *operation)
{
	static const char *const types[] = {
	    "application/json", "application/x-www-form-urlencoded", "multipart/form-data"};
	const struct endpoint *endpoint = description->endpoint;
	struct json_object *body = json_put_object(operation, "requestBody");
	struct json_object *content = json_put_object(body, "content");
	const char *name = arena_printf(description->arena, "%sRequest", endpoint->schema);

	for (size_t i = 0; i < (description->config->json_only ? 1 : 3); i++)
		put_ref(description, json_put_object(json_put_object(content, types[i]), "schema"),
		    name);
	json_put_bool(
	    body, "required", request_needs_field(description->config, &endpoint->fields[0]));
}

/* Adds the endpoint's own path; returns the schema of its answer. */
static struct json_object *
put_path(const struct description *description)
{
	const struct endpoint *endpoint = description->endpoint;
	bool gets = strncmp(endpoint->allow, "GET", 3) == 0;
	const char *reads = endpoint->item == NULL ? "retrieve" : "list";
	struct json_object *good, *schema,
	    *operation = put_operation(description, endpoint->path, gets ? "get" : "post",
		gets ? reads : "create", "200", &good);

	if (takes_fields(endpoint))
		put_body(description, operation);
	if (endpoint->query != NULL) {
		schema = put_parameter(operation, endpoint->query, "query");
		json_put_text(schema, "type", "array");
		json_put_text(json_put_object(schema, "items"), "type", "string");
	}
	return json_put_object(
	    json_put_object(json_put_object(good, "content"), "application/json"), "schema");
}

static void
put_paths(const struct description *description)
{
	const struct endpoint *endpoint = description->endpoint;
	struct json_object *schema = put_path(description), *operation, *good;

	if (endpoint->item == NULL) {
		put_ref(description, schema, endpoint->schema);
		return;
	}
	json_put_text(schema, "type", "array");
	put_ref(description, json_put_object(schema, "items"), endpoint->schema);
	operation = put_operation(description,
	    arena_printf(description->arena, "%s{%s}/", endpoint->path, endpoint->item), "delete",
	    "destroy", "204", &good);
	json_put_text(put_parameter(operation, endpoint->item, "path"), "type", "string");
}

/* Adds an object without members to the schemas; returns its properties. */
static struct json_object *
put_schema(struct json_object *schemas, const char *name, struct json_object **required)
{
	struct json_object *schema = json_put_object(schemas, name);

	json_put_text(schema, "type", "object");
	*required = json_put_array(schema, "required");
	return json_put_object(schema, "properties");
}

static void
put_texts(struct json_object *into, const char *name, const char *const *texts)
{
	struct json_object *array = json_put_array(into, name);

	for (; *texts != NULL; texts++)
		json_put_text(array, NULL, *texts);
}

static void
put_request(const struct description *description)
{
	const struct endpoint *endpoint = description->endpoint;
	struct json_object *required, *one,
	    *properties = put_schema(description->schemas,
		arena_printf(description->arena, "%sRequest", endpoint->schema), &required);

	for (const struct field *field = endpoint->fields;
	     field->kind != FIELD_END && field->kind != FIELD_READ_ONLY; field++) {
		const char *name = request_field_name(description->config, field);

		one = json_put_object(properties, name);
		json_put_text(one, "type", "string");
		json_put_integer(one, "minLength", 1);
		if (field->kind == FIELD_OPTIONAL && endpoint->choices != NULL)
			put_texts(one, "enum", endpoint->choices);
		if (request_needs_field(description->config, field))
			json_put_text(required, NULL, name);
	}
}

static void
put_type(struct json_object *into, enum member_kind kind)
{
	static const char *const types[] = {
	    [MEMBER_INTEGER] = "integer", [MEMBER_BOOLEAN] = "boolean"};
	static const char *const nullable[] = {"string", "null", NULL};

	if (kind == MEMBER_NULLABLE)
		put_texts(into, "type", nullable);
	else
		json_put_text(into, "type", types[kind] == NULL ? "string" : types[kind]);
	if (kind == MEMBER_TIME)
		json_put_text(into, "format", "date-time");
}

static bool
is_answered(const struct config *config, enum member_kind kind)
{
	bool rotates = config->sessions ? config->session_rotate : config->rotate_refresh_tokens;

	return (kind != MEMBER_COOKIE && kind != MEMBER_ROTATED) ||
	       (config->refresh_cookie == REFRESH_COOKIE_OFF && (kind == MEMBER_COOKIE || rotates));
}

static void
put_answer(const struct description *description)
{
	const struct endpoint *endpoint = description->endpoint;
	struct json_object *required,
	    *properties = put_schema(description->schemas, endpoint->schema, &required);

	if (endpoint->query != NULL)
		json_put_text(json_put_object(json_member(description->schemas, endpoint->schema),
				  "additionalProperties"),
		    "type", "boolean");
	for (const struct member *member = endpoint->members; member->kind != MEMBER_END;
	     member++) {
		if (!is_answered(description->config, member->kind))
			continue;
		put_type(json_put_object(properties, member->name), member->kind);
		if (member->kind != MEMBER_OPTIONAL)
			json_put_text(required, NULL, member->name);
	}
}

/* OpenAPI has a type for Bearer in Authorization; other schemes are described as API keys. */
static void
put_security(const struct description *description)
{
	struct json_object *scheme = json_put_object(description->security, "jwtAuth");
	const char *variable = description->config->auth_header_name;
	const char *word = description->config->auth_header_types[0];

	if (strcmp(variable, "HTTP_AUTHORIZATION") == 0 && strcasecmp(word, "Bearer") == 0) {
		json_put_text(scheme, "type", "http");
		json_put_text(scheme, "scheme", "bearer");
		json_put_text(scheme, "bearerFormat", "JWT");
		return;
	}
	variable += strncmp(variable, "HTTP_", 5) == 0 ? 5 : 0;
	json_put_text(scheme, "type", "apiKey");
	json_put_text(scheme, "in", "header");
	json_put_text(scheme, "name", replace(description->arena, variable, '_', '-'));
	json_put_text(scheme, "description",
	    arena_printf(description->arena, "\"%s\", a space and an access token", word));
}

static void
print(struct arena *arena, struct json_object *value)
{
	struct buffer text = {.arena = arena};

	json_write(&text, value, false);
	puts(buffer_bytes(&text).data);
}

void
describe(const struct config *config, const struct endpoint *endpoint)
{
	struct arena *arena = arena_new();
	struct description description = {arena, config, endpoint, json_new_object(arena),
	    json_new_object(arena), json_new_object(arena)};

	if (endpoint->schema != NULL) {
		put_paths(&description);
		put_answer(&description);
		if (takes_fields(endpoint))
			put_request(&description);
		if (endpoint->bearer)
			put_security(&description);
	}
	print(arena, description.paths);
	print(arena, description.schemas);
	print(arena, description.security);
	arena_free(arena);
}
