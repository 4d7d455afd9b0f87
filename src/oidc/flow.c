#include "oidc/flow.h"

#include "oidc/answer.h"
#include "oidc/browser.h"
#include "oidc/page.h"

static struct reply
unavailable(const struct flow *flow)
{
	return page_refuse(flow->request, WIRE_UNAVAILABLE, NULL);
}

struct reply
flow_judge(struct flow *flow)
{
	switch (authorization_judge(flow->request, flow->accounts, &flow->authorization)) {
	case AUTHORIZATION_GOOD:
		return reply_none();
	case AUTHORIZATION_CLIENT:
		return answer_error(flow->request, &flow->authorization);
	case AUTHORIZATION_PAGE:
		return page_fault(flow->request, flow->authorization.fault);
	default:
		return unavailable(flow);
	}
}

/* A native application's consent is not stored: any program may pose as that application. */
static enum verdict
store_consent(const struct flow *flow, const struct provider_session *session)
{
	const struct client *client = &flow->authorization.client;

	return client->first_party || client->native
		   ? VERDICT_YES
		   : client_consent(flow->accounts, flow->signing.arena, session->user_id,
			 client->id, flow->authorization.scopes);
}

/* NO: the session has ended, or its user is gone. */
static enum verdict
answer_with_code(const struct flow *flow, enum authorization_step step,
    const struct provider_session *session, struct reply *out)
{
	enum verdict stored = step == STEP_CONSENT ? store_consent(flow, session) : VERDICT_YES;

	return stored == VERDICT_YES
		   ? answer_code(flow->request, flow->sessions, &flow->authorization, session, out)
		   : stored;
}

struct reply
flow_next(struct flow *flow, enum authorization_step step, const struct provider_session *session)
{
	struct reply reply;

	switch (authorization_next(
	    &flow->signing, flow->accounts, &flow->authorization, step, session)) {
	case NEXT_LOGIN:
		return page_login(flow->request, &flow->authorization, NULL);
	case NEXT_CONSENT:
		return page_consent(flow->request, &flow->authorization, session);
	case NEXT_ERROR:
		return answer_error(flow->request, &flow->authorization);
	case NEXT_CODE:
		break;
	default:
		return unavailable(flow);
	}
	switch (answer_with_code(flow, step, session, &reply)) {
	case VERDICT_YES:
		return reply;
	case VERDICT_NO:
		return flow_next(flow, STEP_REQUEST, NULL);
	default:
		return unavailable(flow);
	}
}

/*
 * The usual request of a browser that is logged in: a code without a page, in one statement. The
 * statement that stores the code proves the session that the cookie claims. NO: the session must be
 * read first.
 */
static enum verdict
answer_at_once(struct flow *flow, struct reply *out)
{
	const struct authorization *authorization = &flow->authorization;
	struct provider_session claimed;
	enum verdict answered;

	/* First-party clients only: to look up a consent before the cookie is proved would tell by
	 * its timing whether the user has consented. */
	if (!authorization->client.first_party || authorization->max_age >= 0 ||
	    !browser_session_claimed(flow->request, &claimed) ||
	    authorization_next(&flow->signing, flow->accounts, &flow->authorization, STEP_REQUEST,
		&claimed) != NEXT_CODE)
		return VERDICT_NO;
	answered = answer_code(flow->request, flow->sessions, authorization, &claimed, out);
	if (answered == VERDICT_YES)
		flow->request->user_id = claimed.user_id;
	return answered;
}

struct reply
flow_begin(struct flow *flow)
{
	struct provider_session session;
	struct reply reply;
	enum verdict answered = answer_at_once(flow, &reply), found;

	if (answered == VERDICT_YES)
		return reply;
	if (answered == VERDICT_UNDECIDED)
		return unavailable(flow);
	found = browser_session(flow->request, flow->sessions, &session);
	if (found == VERDICT_UNDECIDED)
		return unavailable(flow);
	if (found == VERDICT_NO)
		return flow_next(flow, STEP_REQUEST, NULL);
	flow->request->user_id = session.user_id;
	return flow_next(flow, STEP_REQUEST, &session);
}

struct reply
flow_consent(struct flow *flow, const char *decision, const char *csrf)
{
	struct provider_session session;
	enum verdict found = browser_session(flow->request, flow->sessions, &session);
	const char *bound;
	bool sent;

	if (found == VERDICT_UNDECIDED)
		return unavailable(flow);
	if (found == VERDICT_NO)
		return page_login(flow->request, &flow->authorization, NULL);
	flow->request->user_id = session.user_id;
	bound = authorization_bound(flow->signing.arena, &flow->authorization, &session);
	sent = decision != NULL && browser_sent_form(flow->request, bound, csrf);
	if (sent && strcmp(decision, "allow") == 0)
		return flow_next(flow, STEP_CONSENT, &session);
	if (!sent || strcmp(decision, "refuse") != 0)
		return flow_next(flow, STEP_REQUEST, &session);
	authorization_refuse(&flow->authorization, "access_denied", "The user has refused.");
	return answer_error(flow->request, &flow->authorization);
}
