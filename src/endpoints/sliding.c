/*
 * POST /api/token/sliding/: a name and a password for a sliding token.
 */
#include "endpoints/credentials.h"

static struct reply
answer(struct request *request, struct context *context)
{
	struct json_object *claims;
	const char *token;
	struct reply reply = credentials_answer(request, context, TOKEN_SLIDING, &claims, &token);

	if (reply.status != 0)
		return reply;
	return reply_object(request, "token", token, NULL);
}

const struct endpoint endpoint = {
    .name = "sliding",
    .allow = "POST, OPTIONS",
    .title = "Token Obtain Sliding",
    .description = "Takes a set of user credentials and returns a sliding JSON web token to\n"
		   "prove the authentication of those credentials.",
    .fields = {{FIELD_LOGIN, NULL}, {FIELD_PASSWORD, NULL}},
    .signs = true,
    .slow = true,
    .start = credentials_open,
    .check = context_check,
    .answer = answer,
};
