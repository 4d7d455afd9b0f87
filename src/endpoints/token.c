/*
 * POST /api/token/: exchanges a name and a password for a refresh token and an access token.
 */
#include "endpoints/credentials.h"
#include "endpoints/refresh_cookie.h"

static struct reply
answer(struct request *request, struct context *context)
{
	struct claims_context signing = context_claims(request, context);
	struct json_object *body = json_new_object(request->arena);
	const char *access_token;
	struct login login;
	struct reply reply = credentials_answer(request, context, TOKEN_REFRESH, &login);

	if (reply.status != 0)
		return reply;
	access_token = claims_sign(&signing, claims_access(&signing, login.claims));
	if (access_token == NULL)
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	if (context->config->refresh_cookie == REFRESH_COOKIE_OFF)
		json_put_text(body, "refresh", login.token);
	json_put_text(body, "access", access_token);
	json_put_members(body, login.more);
	reply = reply_value(request, body);
	if (context->config->refresh_cookie != REFRESH_COOKIE_OFF)
		refresh_cookie_set(request, &reply, login.claims, login.token);
	return reply;
}

const struct endpoint endpoint = {
    .name = "token",
    .allow = "POST, OPTIONS",
    .title = "Token Obtain Pair",
    .description = "Takes a set of user credentials and returns an access and refresh JSON web\n"
		   "token pair to prove the authentication of those credentials.",
    .fields = {{FIELD_LOGIN, NULL}, {FIELD_PASSWORD, NULL}},
    .path = "/api/token/",
    .schema = "TokenObtainPair",
    .members = {{MEMBER_COOKIE, "refresh"}, {MEMBER_TEXT, "access"}},
    .signs = true,
    .slow = true,
    .start = context_open,
    .check = context_check,
    .admit = refresh_cookie_admit,
    .answer = answer,
};
