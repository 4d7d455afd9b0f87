/*
 * GET /oauth/authorize: an application sends the browser here for an authorization code (RFC 6749
 * section 4.1.1). POST is the same.
 */
#include "endpoints/context.h"
#include "oidc/answer.h"
#include "oidc/flow.h"
#include "oidc/page.h"

static struct reply
answer(struct request *request, struct context *context)
{
	struct flow flow = {.request = request,
	    .signing = context_claims(request, context),
	    .accounts = context->accounts,
	    .sessions = context->sessions};
	struct reply reply = flow_judge(&flow);

	if (reply.status != 0)
		return reply;
	if (request_is_post(request))
		return answer_again(request, "/oauth/authorize", flow.authorization.parameters,
		    AUTHORIZATION_PARAMETERS);
	return flow_begin(&flow);
}

const struct endpoint endpoint = {
    .name = "authorize",
    .allow = "GET, POST",
    .refuse = page_refuse,
    .start = context_open_pages,
    .check = context_check,
    .answer = answer,
};
