#include "endpoints/auth_headers.h"

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

struct bytes
auth_headers_encode(struct arena *arena, const char *text, char also)
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

static void
put_text(struct request *request, struct reply *reply, const char *name, const char *text)
{
	struct bytes value;

	if (text == NULL)
		return;
	value = auth_headers_encode(request->arena, text, '%');
	if (value.length > 0 && value.length <= VALUE_MAXIMUM)
		reply_header(request, reply, header_name(request, name), value.data);
}

/* In ASCII, all else as \uXXXX: no claim can end the line. */
static void
put_json(struct request *request, struct reply *reply, const char *name, struct json_object *value,
    size_t maximum)
{
	struct buffer text = {.arena = request->arena};

	json_write(&text, value, true);
	if (text.length <= maximum)
		reply_header(request, reply, header_name(request, name), text.data);
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

/* Text as it is, null not at all, all else as JSON. */
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

void
auth_headers_put(const struct claims_context *context, struct request *request, struct reply *reply,
    const struct account *account, struct json_object *claims)
{
	const char *const *chosen = context->config->claims_headers;

	put_text(request, reply, "User-Id", account->user_id);
	put_text(request, reply, "Username", account->name);
	put_text(request, reply, "Token-Id", claims_jti(context, claims));
	put_json(request, reply, "Claims", claims, CLAIMS_MAXIMUM);
	for (; chosen != NULL && *chosen != NULL; chosen++)
		put_claim(request, reply, *chosen, json_member(claims, *chosen));
}
