/*
 * POST /api/token/: a name and a password for a refresh and an access token.
 */
#include "endpoints/credentials.h"
#include "endpoints/refresh_cookie.h"
#include "endpoints/session.h"

static struct reply
answer(struct request *request, struct context *context)
{
	struct claims_context claims = context_claims(request, context);
	const char *refresh_token, *access_token;
	struct json_object *refresh;
	struct reply reply =
	    credentials_answer(request, context, TOKEN_REFRESH, &refresh, &refresh_token);

	if (reply.status != 0)
		return reply;
	access_token = claims_sign(&claims, session_access(&claims, refresh));
	if (access_token == NULL)
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	if (context->config->refresh_cookie != REFRESH_COOKIE_OFF)
		return refresh_cookie_answer(request, access_token, refresh, refresh_token);
	return reply_object(request, "refresh", refresh_token, "access", access_token, NULL);
}

const struct endpoint endpoint = {
    .name = "token",
    .allow = "POST, OPTIONS",
    .title = "Token Obtain Pair",
    .description = "Takes a set of user credentials and returns an access and refresh JSON web\n"
		   "token pair to prove the authentication of those credentials.",
    .fields = {{FIELD_LOGIN, NULL}, {FIELD_PASSWORD, NULL}},
    .signs = true,
    .slow = true,
    .start = credentials_open,
    .check = context_check,
    .admit = refresh_cookie_admit,
    .answer = answer,
};
