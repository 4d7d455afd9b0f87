/*
 * Whether a request may pass, for a web server that sends a subrequest before it answers: Nginx's
 * auth_request and FastCGI's role of an authorizer. Yes is 204 (200 to an authorizer, as its
 * specification wants it) with what is known of the user, no is 401; neither has a body. A user
 * without the permission that the web server names is refused with 403. An outage is 503: it is
 * never reported as a bad token.
 */
#include "accounts/permission.h"
#include "endpoints/bearer.h"

#include <string.h>

#define VALUE_MAXIMUM  2048 /* so that all of them fit into the web server's buffer for a head */
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
		if (*at == '-')
			*at = '_';
		else if (*at >= 'a' && *at <= 'z')
			*at = (char)(*at - 'a' + 'A');
	return variable;
}

/* Visible ASCII as it is, all else and `also` as %XX: no value can begin another header. */
static struct bytes
percent_encode(struct arena *arena, const char *text, char also)
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

/* A value that is too long is left out: half of one would be another. */
static void
put_value(struct request *request, struct reply *reply, const char *name, const char *text)
{
	struct bytes value;

	if (text == NULL)
		return;
	value = percent_encode(request->arena, text, '%');
	if (value.length > 0 && value.length <= VALUE_MAXIMUM)
		reply_header(request, reply, header_name(request, name), value.data);
}

/* JSON in ASCII, all else as \uXXXX: no claim can end the line. */
static void
put_claims(struct request *request, struct reply *reply, struct json_object *claims)
{
	struct buffer text = {.arena = request->arena};

	json_write(&text, claims, true);
	if (text.length <= CLAIMS_MAXIMUM)
		reply_header(request, reply, header_name(request, "Claims"), text.data);
}

/* The part of the header's name that says which claim it is: Tenant-Id for tenant_id. */
static const char *
claim_header(struct arena *arena, const char *claim)
{
	char *name = arena_copy(arena, claim, strlen(claim));

	for (char *at = name; *at != '\0'; at++) {
		if (*at == '_')
			*at = '-';
		if (*at >= 'a' && *at <= 'z' && (at == name || at[-1] == '-'))
			*at = (char)(*at - 'a' + 'A');
	}
	return name;
}

/* Text as it is, null not at all, all else as JSON in ASCII. */
static void
put_chosen(struct request *request, struct reply *reply, struct json_object *claims)
{
	const char *const *name = request->config->claims_headers;

	for (; name != NULL && *name != NULL; name++) {
		struct json_object *value = json_member(claims, *name);
		struct bytes string = json_string(value);
		struct buffer text = {.arena = request->arena};
		const char *header = claim_header(request->arena, *name);

		if (json_kind(value) == JSON_STRING) {
			put_value(request, reply, header,
			    arena_copy(request->arena, string.data, string.length));
		} else if (value != NULL) {
			json_write(&text, value, true);
			if (text.length <= VALUE_MAXIMUM)
				reply_header(
				    request, reply, header_name(request, header), text.data);
		}
	}
}

/* What the client wrote, as ASCII: a byte that no text of the database has is no outage. */
static const char *
plain(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : percent_encode(arena, text, '\0').data;
}

/* Status 0: the user has the permission, or the web server asks for none. */
static struct reply
judge_permission(struct request *request, const struct context *context, const char *user_id)
{
	bool is_told = request->path != NULL && *request->path != '\0';
	const char *path = is_told ? request->path : request->uri;
	struct permission asked = {.user_id = user_id,
	    .name = request->permission,
	    .path = plain(request->arena, path),
	    .method = plain(request->arena, request->method)};

	if (asked.name == NULL || *asked.name == '\0')
		return (struct reply){.status = 0};
	switch (permission_ask(context->accounts, request->arena, &asked)) {
	case VERDICT_YES:
		return (struct reply){.status = 0};
	case VERDICT_NO:
		return reply_refuse(request, WIRE_FORBIDDEN, NULL);
	default:
		return reply_status(503, "unavailable");
	}
}

static struct reply
decide(struct request *request, struct context *context)
{
	struct claims_context read = context_claims(request, context);
	struct account account;
	struct json_object *claims;
	struct reply reply = bearer_admit(request, context, WANTED_JUDGEMENT, &claims, &account);

	if (reply.status != 0)
		return reply_status(reply.status, reply.outcome);
	reply = judge_permission(request, context, account.user_id);
	if (reply.status != 0)
		return reply;
	reply = reply_status(request->authorizer ? 200 : 204, "ok");
	put_value(request, &reply, "User-Id", account.user_id);
	put_value(request, &reply, "Username", account.name);
	put_value(request, &reply, "Token-Id", claims_jti(&read, claims));
	put_claims(request, &reply, claims);
	put_chosen(request, &reply, claims);
	return reply;
}

const struct endpoint endpoint = {
    .name = "auth_check",
    .title = "Auth check",
    .description = "",
    .start = context_open,
    .check = context_check,
    .decide = decide,
};
