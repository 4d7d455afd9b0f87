/*
 * GET /hello/: an example of a protected resource.
 */
#include "endpoints/bearer.h"

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
    .admit = bearer_admit,
    .answer = answer,
};
