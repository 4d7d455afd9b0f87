#include "oidc/oauth.h"

#include "base/log.h"

#include <string.h>

#define BASIC  "Basic realm=\"oauth\", charset=\"UTF-8\""
#define BEARER "Bearer realm=\"api\""

bool
oauth_is_on(const struct config *config)
{
	if (config->oidc_issuer == NULL)
		log_error("JWT_OIDC_ISSUER is not set: OpenID Connect is off");
	return config->oidc_issuer != NULL;
}

/* Pragma is required by OAuth 2.0 (RFC 6749 section 5.1) and gone from OAuth 2.1. */
static struct reply
without_cache(struct request *request, struct reply reply)
{
	reply_header(request, &reply, "Pragma", "no-cache");
	return reply;
}

static const char *
error_of(enum wire wire)
{
	if (wire == WIRE_UNAVAILABLE)
		return "temporarily_unavailable";
	return wire_is_oauth(wire) ? wire_text(wire)->code : "invalid_request";
}

struct reply
oauth_refuse(struct request *request, enum wire wire, const char *argument)
{
	const struct wire_text *text = wire_text(wire);
	struct json_object *body = json_new_object(request->arena);
	struct reply reply;

	json_put_text(body, "error", error_of(wire));
	/* Other sentences may have characters that an error_description must not have. */
	if (wire_is_oauth(wire))
		json_put_text(body, "error_description", reply_detail(request, wire, argument));
	reply = reply_value(request, body);
	reply.status = text->status;
	reply.outcome = text->outcome;
	if (reply.status == 401)
		reply.challenge = BASIC;
	return without_cache(request, reply);
}

/* A request without a token gets no error code, only the scheme (RFC 6750 section 3.1). */
static const char *
challenge_of(struct request *request, enum wire wire, const char *argument)
{
	const char *scope = wire == WIRE_OAUTH_SCOPE_MISSING ? ", scope=\"openid\"" : "";

	if (wire == WIRE_NOT_PROVIDED || !wire_is_oauth(wire))
		return BEARER;
	return arena_printf(request->arena, BEARER ", error=\"%s\", error_description=\"%s\"%s",
	    error_of(wire), reply_detail(request, wire, argument), scope);
}

struct reply
oauth_refuse_bearer(struct request *request, enum wire wire, const char *argument)
{
	struct reply reply = oauth_refuse(request, wire, argument);

	if (reply.status < 404)
		reply.challenge = challenge_of(request, wire, argument);
	if (wire == WIRE_NOT_PROVIDED)
		reply.body.length = 0;
	return reply;
}

const char *
oauth_url(struct arena *arena, const struct config *config, const char *path)
{
	size_t length = strlen(config->oidc_issuer);

	if (length > 0 && config->oidc_issuer[length - 1] == '/')
		length--;
	return arena_printf(arena, "%.*s%s", (int)length, config->oidc_issuer, path);
}

struct reply
oauth_answer(struct request *request, struct json_object *body)
{
	return without_cache(request, reply_value(request, body));
}

struct reply
oauth_empty(struct request *request, const char *outcome)
{
	return without_cache(request, reply_status(200, outcome));
}

struct reply
oauth_parameters(struct request *request, struct parameter *known, size_t count)
{
	if (parameters_of_body(request, known, count) != PARAMETERS_GOOD)
		return oauth_refuse(request, WIRE_OAUTH_BODY, NULL);
	for (size_t i = 0; i < count; i++) {
		if (known[i].repeated)
			return oauth_refuse(request, WIRE_OAUTH_REPEATED, known[i].name);
		if (known[i].too_long)
			return oauth_refuse(request, WIRE_OAUTH_TOO_LONG, known[i].name);
	}
	return reply_none();
}
