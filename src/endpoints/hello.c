/*
 * GET /hello/: a resource that wants an access token.
 */
#include "endpoints/bearer.h"

static struct reply
admit(struct request *request, struct context *context)
{
	struct account account;
	struct json_object *claims;

	return bearer_admit(request, context, WANTED_JUDGEMENT, &claims, &account);
}

static struct reply
answer(struct request *request, struct context *context)
{
	(void)context;
	return reply_object(request, "message", "Hello, World!", NULL);
}

const struct endpoint endpoint = {
    .name = "hello",
    .allow = "GET, HEAD, OPTIONS",
    .title = "Hello",
    .description = "",
    .path = "/hello/",
    .schema = "Hello",
    .members = {{MEMBER_TEXT, "message"}},
    .bearer = true,
    .start = context_open,
    .check = context_check,
    .admit = admit,
    .answer = answer,
};
