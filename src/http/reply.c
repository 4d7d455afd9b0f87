#include "http/reply.h"

#include "http/endpoint.h"
#include "json/json.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

static struct reply
reply_of(struct request *request, enum wire wire, struct json_object *body)
{
	const struct wire_text *text = wire_text(wire);
	struct buffer written = {.arena = request->arena};

	json_write(&written, body, false);
	return (struct reply){
	    .status = text->status, .outcome = text->outcome, .body = buffer_bytes(&written)};
}

bool
reply_header(struct request *request, struct reply *reply, const char *name, const char *value)
{
	for (const char *at = value; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			return false;
	reply->headers = arena_printf(request->arena, "%s%s: %s\r\n",
	    reply->headers == NULL ? "" : reply->headers, name, value);
	return true;
}

struct reply
reply_none(void)
{
	return (struct reply){.status = 0};
}

struct reply
reply_status(int status, const char *outcome)
{
	return (struct reply){.status = status, .outcome = outcome};
}

struct reply
reply_object(struct request *request, const char *name, ...)
{
	struct json_object *body = json_new_object(request->arena);
	va_list members;

	va_start(members, name);
	for (; name != NULL; name = va_arg(members, const char *))
		json_put_text(body, name, va_arg(members, const char *));
	va_end(members);
	return reply_of(request, WIRE_OK, body);
}

struct reply
reply_empty(struct request *request)
{
	return reply_of(request, WIRE_OK, json_new_object(request->arena));
}

/* The ETag, a hash of the text. Its quotes make strstr(3) find whole tags only. */
static const char *
tag_of(struct arena *arena, struct bytes text)
{
	return arena_printf(arena, "\"%016llx\"", (unsigned long long)bytes_hash(HASH_BASIS, text));
}

struct reply
reply_public(struct request *request, struct bytes body, const char *type, long seconds)
{
	const char *tag = tag_of(request->arena, body), *known = request->if_none_match;
	bool has_it = known != NULL && (strcmp(known, "*") == 0 || strstr(known, tag) != NULL);
	struct reply reply = has_it ? reply_status(304, "not-modified") : reply_status(200, "ok");

	if (!has_it)
		reply.body = body;
	reply.type = type;
	reply.cache = arena_printf(request->arena, "public, max-age=%ld", seconds);
	reply_header(request, &reply, "ETag", tag);
	reply_header(request, &reply, "Access-Control-Allow-Origin", "*");
	return reply;
}

const char *
reply_detail(struct request *request, enum wire wire, const char *argument)
{
	const char *detail = wire_detail(wire, request->config->compat);
	const char *gap = strstr(detail, "{}");

	if (gap == NULL || argument == NULL)
		return detail;
	return arena_printf(
	    request->arena, "%.*s%s%s", (int)(gap - detail), detail, argument, gap + 2);
}

struct reply
reply_refuse(struct request *request, enum wire wire, const char *argument)
{
	struct json_object *body = json_new_object(request->arena);
	const char *code = wire_text(wire)->code;

	json_put_text(body, "detail", reply_detail(request, wire, argument));
	if (code != NULL)
		json_put_text(body, "code", code);
	return reply_of(request, wire, body);
}

struct reply
reply_non_field_error(struct request *request, const char *message)
{
	struct json_object *errors = json_new_object(request->arena);

	json_put_text(json_put_array(errors, "non_field_errors"), NULL, message);
	return reply_field_errors(request, errors);
}

struct reply
reply_field_errors(struct request *request, struct json_object *errors)
{
	return reply_of(request, WIRE_FIELD_ERRORS, errors);
}

struct reply
reply_given_token(struct request *request, const struct token_refusal *refusals, size_t count)
{
	struct json_object *body = json_new_object(request->arena), *messages;
	struct reply reply;

	json_put_text(body, "detail", reply_detail(request, WIRE_GIVEN_TOKEN, NULL));
	json_put_text(body, "code", wire_text(WIRE_GIVEN_TOKEN)->code);
	messages = json_put_array(body, "messages");
	for (size_t i = 0; i < count; i++) {
		struct json_object *message = json_put_object(messages, NULL);

		json_put_text(message, "token_class", refusals[i].token_class);
		json_put_text(message, "token_type", refusals[i].token_type);
		json_put_text(message, "message", reply_detail(request, refusals[i].why, NULL));
	}
	reply = reply_of(request, WIRE_GIVEN_TOKEN, body);
	reply.outcome = wire_text(refusals[0].why)->outcome;
	return reply;
}

/* DRF's label of a field: "user_name" is "User name". */
static const char *
label_of(struct request *request, const char *name)
{
	char *label = arena_copy(request->arena, name, strlen(name));

	label[0] = (char)toupper((unsigned char)label[0]);
	for (char *at = label; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return label;
}

static void
put_actions(struct request *request, struct json_object *body, const struct field *fields)
{
	struct json_object *post = json_put_object(json_put_object(body, "actions"), "POST");

	for (const struct field *field = fields; field->kind != FIELD_END; field++) {
		const char *name = request_field_name(request->config, field);
		struct json_object *one = json_put_object(post, name);
		bool read_only = field->kind == FIELD_READ_ONLY;

		json_put_text(one, "type", "string");
		json_put_bool(one, "required", request_needs_field(request->config, field));
		json_put_bool(one, "read_only", read_only);
		json_put_text(one, "label", label_of(request, name));
	}
}

struct reply
reply_value(struct request *request, struct json_object *value)
{
	return reply_of(request, WIRE_OK, value);
}

struct reply
reply_options(struct request *request, const struct endpoint *endpoint)
{
	struct json_object *body = json_new_object(request->arena), *renders, *parses;
	bool forms = !request->config->json_only;

	json_put_text(body, "name", endpoint->title);
	json_put_text(body, "description", endpoint->description);
	renders = json_put_array(body, "renders");
	json_put_text(renders, NULL, "application/json");
	parses = json_put_array(body, "parses");
	json_put_text(parses, NULL, "application/json");
	if (forms) {
		json_put_text(renders, NULL, "text/html");
		json_put_text(parses, NULL, "application/x-www-form-urlencoded");
		json_put_text(parses, NULL, "multipart/form-data");
	}
	if (endpoint->fields[0].kind != FIELD_END)
		put_actions(request, body, endpoint->fields);
	return reply_of(request, WIRE_OK, body);
}
