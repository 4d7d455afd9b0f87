/*
 * POST /api/token/sliding/: a name and a password for a sliding token.
 */
#include "endpoints/gate.h"

static struct endpoint endpoint;

static struct context *
start(const struct config *config)
{
	gate_login_fields(config, endpoint.fields);
	return gate_login_open(context_open(config, endpoint.name, KEYRING_SIGNS));
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct json *claims;
	const char *token;
	struct reply reply = gate_login(request, context, TOKEN_SLIDING, &claims, &token);

	if (reply.status != 0)
		return reply;
	return reply_object(request, "token", token, NULL);
}

static struct endpoint endpoint = {
    .name = "sliding",
    .allow = "POST, OPTIONS",
    .title = "Token Obtain Sliding",
    .description = "Takes a set of user credentials and returns a sliding JSON web token to\n"
		   "prove the authentication of those credentials.",
    .slow = true,
    .start = start,
    .check = context_check,
    .answer = answer,
};

int
main(int argc, char **argv)
{
	return serve(&endpoint, argc, argv);
}
