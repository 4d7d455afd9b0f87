/*
 * GET /healthz/live: 200 while a program of this configuration runs; reads no database.
 * GET /healthz/ready: 200 if the programs can serve: the keys are loaded, the database answers, and
 * it has the tables and columns that the settings name. Else 503, as every program would answer.
 */
#include "endpoints/context.h"

#include <string.h>

static bool prepared; /* accounts_check() has succeeded once */

static bool
is_live_path(const char *uri)
{
	size_t length = uri == NULL ? 0 : strcspn(uri, "?");

	while (length > 0 && uri[length - 1] == '/')
		length--;
	return length >= 5 && strncmp(uri + length - 5, "/live", 5) == 0;
}

/* Tries all statements until they succeed; from then on the one that every request needs. */
static bool
is_ready(struct request *request, struct context *context)
{
	struct account account;

	if (!prepared)
		prepared = accounts_check(context->accounts, request->arena, false) == VERDICT_YES;
	return prepared &&
	       account_find(context->accounts, request->arena, "0", &account) != VERDICT_UNDECIDED;
}

static struct reply
answer(struct request *request, struct context *context)
{
	if (!is_live_path(request->uri) && !is_ready(request, context))
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	return reply_object(request, "status", "ok", NULL);
}

const struct endpoint endpoint = {
    .name = "health",
    .allow = "GET, HEAD, OPTIONS",
    .title = "Health",
    .description = "",
    .one_form = true,
    .start = context_open,
    .answer = answer,
};
