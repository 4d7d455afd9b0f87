/*
 * Whether a request may pass, for a web server that sends a subrequest before it answers: Nginx's
 * auth_request, and FastCGI's authorizer role. Yes is 204 (200 to an authorizer, as FastCGI's
 * specification requires) with headers that describe the user; no is 401; neither has a body. A
 * user without the permission that the web server names is refused with 403. An outage is 503: it
 * is never reported as a bad token.
 */
#include "accounts/permission.h"
#include "endpoints/bearer.h"

#include <ctype.h>
#include <string.h>

/* Of a header, so that all of them fit into the web server's buffer for a response head. */
#define VALUE_MAXIMUM  2048
#define CLAIMS_MAXIMUM 4096

/* X-Auth-Token-Id for auth_request, the variable AUTH_TOKEN_ID for an authorizer. */
static const char *
header_name(const struct request *request, const char *name)
{
	char *variable;

	if (!request->authorizer)
		return arena_printf(request->arena, "X-Auth-%s", name);
	variable = arena_printf(request->arena, "Variable-AUTH_%s", name);
	for (char *at = strstr(variable, "AUTH_"); *at != '\0'; at++)
		*at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
	return variable;
}

/* Visible ASCII as it is, all other bytes and `also` as %XX: no value can begin another header. */
static struct bytes
encode(struct arena *arena, const char *text, char also)
{
	struct buffer out = {.arena = arena};

	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte > ' ' && byte < 0x7f && *text != also)
			buffer_putc(&out, *text);
		else
			buffer_printf(&out, "%%%02X", byte);
	}
	return buffer_bytes(&out);
}

/* A value that is too long is left out: half of it would be another value. */
static void
put_text(struct request *request, struct reply *reply, const char *name, const char *text)
{
	struct bytes value;

	if (text == NULL)
		return;
	value = encode(request->arena, text, '%');
	if (value.length > 0 && value.length <= VALUE_MAXIMUM)
		reply_header(request, reply, header_name(request, name), value.data);
}

/* As ASCII, other characters as \uXXXX: no claim can end the line. */
static void
put_json(struct request *request, struct reply *reply, const char *name, struct json_object *value,
    size_t maximum)
{
	struct buffer text = {.arena = request->arena};

	json_write(&text, value, true);
	if (text.length <= maximum)
		reply_header(request, reply, header_name(request, name), text.data);
}

/* The claim's part of a header's name: Tenant-Id for tenant_id. */
static const char *
claim_header(struct arena *arena, const char *claim)
{
	char *name = arena_copy(arena, claim, strlen(claim));

	for (char *at = name; *at != '\0'; at++) {
		if (*at == '_')
			*at = '-';
		if (at == name || at[-1] == '-')
			*at = (char)toupper((unsigned char)*at);
	}
	return name;
}

/* A string as its text, null not at all, any other value as JSON. */
static void
put_claim(
    struct request *request, struct reply *reply, const char *claim, struct json_object *value)
{
	const char *header = claim_header(request->arena, claim);
	struct bytes text = json_string(value);

	if (json_kind(value) == JSON_STRING)
		put_text(
		    request, reply, header, arena_copy(request->arena, text.data, text.length));
	else if (value != NULL)
		put_json(request, reply, header, value, VALUE_MAXIMUM);
}

/* The claims of JWT_CLAIMS_HEADERS have a header each. */
static void
put_headers(struct request *request, const struct context *context, struct reply *reply,
    const struct account *account)
{
	const struct claims_context signing = context_claims(request, context);
	const char *const *chosen = context->config->claims_headers;
	struct json_object *claims = request->claims;

	put_text(request, reply, "User-Id", account->user_id);
	put_text(request, reply, "Username", account->name);
	put_text(request, reply, "Token-Id", claims_jti(&signing, claims));
	put_json(request, reply, "Claims", claims, CLAIMS_MAXIMUM);
	for (; chosen != NULL && *chosen != NULL; chosen++)
		put_claim(request, reply, *chosen, json_member(claims, *chosen));
}

/* As ASCII: PostgreSQL would refuse a text that is not UTF-8, and its error is an outage. */
static const char *
plain(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : encode(arena, text, '\0').data;
}

/* Status 0: the user has the permission, or the web server asks for none. */
static struct reply
judge_permission(struct request *request, const struct context *context, const char *user_id)
{
	bool has_path = request->path != NULL && *request->path != '\0';
	const char *path = has_path ? request->path : request->uri;
	struct permission asked = {.user_id = user_id,
	    .name = request->permission,
	    .path = plain(request->arena, path),
	    .method = plain(request->arena, request->method)};

	if (asked.name == NULL || *asked.name == '\0')
		return reply_none();
	switch (permission_ask(context->accounts, request->arena, &asked)) {
	case VERDICT_YES:
		return reply_none();
	case VERDICT_NO:
		return reply_refuse(request, WIRE_FORBIDDEN, NULL);
	default:
		return reply_status(503, "unavailable");
	}
}

static struct reply
decide(struct request *request, struct context *context)
{
	struct account account;
	struct reply reply = bearer_judge(request, context, WANTED_JUDGEMENT, &account);

	if (reply.status != 0)
		return reply_status(reply.status, reply.outcome);
	reply = judge_permission(request, context, account.user_id);
	if (reply.status != 0)
		return reply;
	reply = reply_status(request->authorizer ? 200 : 204, "ok");
	put_headers(request, context, &reply, &account);
	return reply;
}

const struct endpoint endpoint = {
    .name = "auth_check",
    .title = "Auth check",
    .description = "",
    .needs_names = true,
    .start = context_open,
    .check = context_check,
    .decide = decide,
};
