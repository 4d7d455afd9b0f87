/*
 * GET /hello/: a resource that wants an access token.
 */
#include "endpoints/bearer.h"

static struct context *
start(const struct config *config)
{
	return context_open(config, "hello", KEYRING_VERIFIES);
}

static struct reply
admit(struct request *request, struct context *context)
{
	struct account account;
	struct json *claims;

	return bearer_admit(request, context, &claims, &account);
}

static struct reply
answer(struct request *request, struct context *context)
{
	(void)context;
	return reply_object(request, "message", "Hello, World!", NULL);
}

static const struct endpoint endpoint = {
    .name = "hello",
    .allow = "GET, HEAD, OPTIONS",
    .title = "Hello",
    .description = "",
    .start = start,
    .check = context_check,
    .admit = admit,
    .answer = answer,
};

int
main(int argc, char **argv)
{
	return serve(&endpoint, argc, argv);
}
