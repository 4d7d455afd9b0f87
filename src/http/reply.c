#include "http/reply.h"

#include "http/endpoint.h"
#include "json/json.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

static void
put_string(struct buffer *out, const char *text)
{
	json_write_string(out, bytes_of(text), false);
}

/* ,"name":"text" or, as the first member, {"name":"text" */
static void
put_member(struct buffer *out, const char *name, const char *text)
{
	buffer_putc(out, out->length == 0 ? '{' : ',');
	put_string(out, name);
	buffer_putc(out, ':');
	put_string(out, text);
}

static struct reply
reply_of(enum wire wire, const struct buffer *body)
{
	const struct wire_text *text = wire_text(wire);

	return (struct reply){
	    .status = text->status, .outcome = text->outcome, .body = buffer_bytes(body)};
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
reply_status(int status, const char *outcome)
{
	return (struct reply){.status = status, .outcome = outcome};
}

struct reply
reply_object(struct request *request, const char *name, ...)
{
	struct buffer body = {.arena = request->arena};
	va_list members;

	va_start(members, name);
	for (; name != NULL; name = va_arg(members, const char *))
		put_member(&body, name, va_arg(members, const char *));
	va_end(members);
	buffer_putc(&body, '}');
	return reply_of(WIRE_OK, &body);
}

struct reply
reply_empty(struct request *request)
{
	struct buffer body = {.arena = request->arena};

	buffer_puts(&body, "{}");
	return reply_of(WIRE_OK, &body);
}

static const char *
detail_of(struct request *request, enum wire wire, const char *argument)
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
	struct buffer body = {.arena = request->arena};
	const char *code = wire_text(wire)->code;

	put_member(&body, "detail", detail_of(request, wire, argument));
	if (code != NULL)
		put_member(&body, "code", code);
	buffer_putc(&body, '}');
	return reply_of(wire, &body);
}

struct reply
reply_non_field_error(struct request *request, const char *message)
{
	struct buffer body = {.arena = request->arena};

	buffer_puts(&body, "{\"non_field_errors\":[");
	put_string(&body, message);
	buffer_puts(&body, "]}");
	return reply_of(WIRE_FIELD_ERRORS, &body);
}

struct reply
reply_field_errors(struct request *request, struct bytes object)
{
	const struct wire_text *text = wire_text(WIRE_FIELD_ERRORS);

	(void)request;
	return (struct reply){.status = text->status, .outcome = text->outcome, .body = object};
}

struct reply
reply_given_token(struct request *request, const struct token_refusal *refusals, size_t count)
{
	struct buffer body = {.arena = request->arena};
	struct reply reply;

	put_member(&body, "detail", detail_of(request, WIRE_GIVEN_TOKEN, NULL));
	put_member(&body, "code", wire_text(WIRE_GIVEN_TOKEN)->code);
	buffer_puts(&body, ",\"messages\":[");
	for (size_t i = 0; i < count; i++) {
		struct buffer message = {.arena = request->arena};

		put_member(&message, "token_class", refusals[i].token_class);
		put_member(&message, "token_type", refusals[i].token_type);
		put_member(&message, "message", detail_of(request, refusals[i].why, NULL));
		buffer_printf(&body, "%s%s}", i == 0 ? "" : ",", message.data);
	}
	buffer_puts(&body, "]}");
	reply = reply_of(WIRE_GIVEN_TOKEN, &body);
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
put_actions(struct request *request, struct buffer *out, const struct field *fields)
{
	buffer_puts(out, ",\"actions\":{\"POST\":{");
	for (const struct field *field = fields; field->kind != FIELD_END; field++) {
		const char *name = field_name(request->config, field);
		bool read_only = field->kind == FIELD_READ_ONLY;

		if (field != fields)
			buffer_putc(out, ',');
		put_string(out, name);
		buffer_printf(out,
		    ":{\"type\":\"string\",\"required\":%s,\"read_only\":%s,\"label\":",
		    read_only ? "false" : "true", read_only ? "true" : "false");
		put_string(out, label_of(request, name));
		buffer_putc(out, '}');
	}
	buffer_puts(out, "}}");
}

struct reply
reply_options(struct request *request, const struct endpoint *endpoint)
{
	struct buffer body = {.arena = request->arena};
	bool json_only = request->config->json_only;

	put_member(&body, "name", endpoint->title);
	put_member(&body, "description", endpoint->description);
	buffer_puts(&body, json_only ? ",\"renders\":[\"application/json\"]"
				     : ",\"renders\":[\"application/json\",\"text/html\"]");
	buffer_puts(&body, ",\"parses\":[\"application/json\"");
	if (!json_only)
		buffer_puts(
		    &body, ",\"application/x-www-form-urlencoded\",\"multipart/form-data\"");
	buffer_putc(&body, ']');
	if (endpoint->fields[0].kind != FIELD_END)
		put_actions(request, &body, endpoint->fields);
	buffer_putc(&body, '}');
	return reply_of(WIRE_OK, &body);
}
