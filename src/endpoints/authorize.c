/*
 * GET /oauth/authorize: an application sends the browser here for an authorization code (RFC 6749
 * section 4.1.1). POST is the same.
 */
#include "endpoints/context.h"
#include "oidc/answer.h"
#include "oidc/browser.h"
#include "oidc/page.h"

/* session: NULL: there is none. */
static struct reply
answer_next(struct request *request, const struct context *context,
    struct authorization *authorization, const struct browser_session *session)
{
	const struct claims_context claims = context_claims(request, context);
	struct reply reply;

	switch (
	    authorization_next(&claims, context->accounts, authorization, STEP_REQUEST, session)) {
	case NEXT_LOGIN:
		return page_login(request, authorization, NULL);
	case NEXT_CONSENT:
		return page_consent(request, authorization, session);
	case NEXT_ERROR:
		return answer_error(request, authorization);
	case NEXT_CODE:
		switch (answer_code(request, context->sessions, authorization, session, &reply)) {
		case VERDICT_YES:
			return reply;
		case VERDICT_NO:
			return answer_next(request, context, authorization, NULL);
		default:
			break;
		}
		break;
	default:
		break;
	}
	return page_refuse(request, WIRE_UNAVAILABLE, NULL);
}

/*
 * Most requests of a browser that is logged in: a code without a page. The statement that stores
 * the code proves what the cookie says, so it is the only one. NO: the session has to be read.
 */
static enum verdict
answer_at_once(struct request *request, const struct context *context,
    struct authorization *authorization, struct reply *out)
{
	const struct claims_context claims = context_claims(request, context);
	struct browser_session claimed;
	enum verdict answered;

	/* A consent must not be looked up for a user who is only claimed: the time would tell. */
	if (!authorization->client.first_party || authorization->max_age >= 0 ||
	    !browser_session_claimed(request, &claimed) ||
	    authorization_next(&claims, context->accounts, authorization, STEP_REQUEST, &claimed) !=
		NEXT_CODE)
		return VERDICT_NO;
	answered = answer_code(request, context->sessions, authorization, &claimed, out);
	if (answered == VERDICT_YES)
		request->user = claimed.user_id;
	return answered;
}

static struct reply
answer_good(
    struct request *request, const struct context *context, struct authorization *authorization)
{
	struct browser_session session;
	struct reply reply;

	switch (answer_at_once(request, context, authorization, &reply)) {
	case VERDICT_YES:
		return reply;
	case VERDICT_NO:
		break;
	default:
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	}
	switch (browser_session(request, context->sessions, &session)) {
	case VERDICT_YES:
		request->user = session.user_id;
		return answer_next(request, context, authorization, &session);
	case VERDICT_NO:
		return answer_next(request, context, authorization, NULL);
	default:
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	}
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct authorization authorization;
	enum authorization_outcome outcome =
	    authorization_judge(request, context->accounts, &authorization);

	if (outcome != AUTHORIZATION_GOOD)
		return answer_refusal(request, outcome, &authorization);
	return request_is_post(request) ? answer_again(request, "/oauth/authorize",
					      authorization.parameters, AUTHORIZATION_PARAMETERS)
					: answer_good(request, context, &authorization);
}

const struct endpoint endpoint = {
    .name = "authorize",
    .allow = "GET, POST",
    .refuse = page_refuse,
    .start = context_open_pages,
    .check = context_check,
    .answer = answer,
};
