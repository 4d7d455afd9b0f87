/*
 * POST /api/token/sliding/: exchanges a name and a password for a sliding token.
 */
#include "endpoints/credentials.h"

static struct reply
answer(struct request *request, struct context *context)
{
	struct json_object *body = json_new_object(request->arena);
	struct login login;
	struct reply reply = credentials_answer(request, context, TOKEN_SLIDING, &login);

	if (reply.status != 0)
		return reply;
	json_put_text(body, "token", login.token);
	json_put_members(body, login.more);
	return reply_value(request, body);
}

const struct endpoint endpoint = {
    .name = "sliding",
    .allow = "POST, OPTIONS",
    .title = "Token Obtain Sliding",
    .description = "Takes a set of user credentials and returns a sliding JSON web token to\n"
		   "prove the authentication of those credentials.",
    .fields = {{FIELD_LOGIN, NULL}, {FIELD_PASSWORD, NULL}},
    .path = "/api/token/sliding/",
    .schema = "TokenObtainSliding",
    .members = {{MEMBER_TEXT, "token"}},
    .signs = true,
    .slow = true,
    .start = context_open,
    .check = context_check,
    .answer = answer,
};
