/*
 * GET and POST /oauth/logout: the user logs out at the provider (OpenID Connect RP-Initiated Logout
 * 1.0). A link alone does not log out: without the client's good id_token_hint the user is asked.
 */
#include "endpoints/context.h"
#include "oidc/answer.h"
#include "oidc/browser.h"
#include "oidc/logout.h"
#include "oidc/page.h"

static struct reply
log_out(struct request *request, const struct context *context, const struct logout *logout,
    const struct provider_session *session)
{
	struct reply reply;

	if (provider_session_end(context->sessions, request->arena, session) == VERDICT_UNDECIDED)
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	reply = logout_answer(request, logout);
	browser_set_session(request, &reply, NULL);
	return reply;
}

static struct reply
answer_session(struct request *request, const struct context *context, struct logout *logout,
    const struct provider_session *session)
{
	const char *csrf = logout->parameters[LOGOUT_CSRF].value;
	bool hinted = logout->user_id != NULL && strcmp(logout->user_id, session->user_id) == 0;

	request->user = session->user_id;
	/* With the hint of another user there is no redirect. */
	if (!hinted)
		logout->uri = NULL;
	if (hinted || (request_is_post(request) && browser_sent_form(request, session->sid, csrf)))
		return log_out(request, context, logout, session);
	return page_ask_logout(request, logout->parameters[LOGOUT_UI_LOCALES].value, session);
}

static struct reply
answer(struct request *request, struct context *context)
{
	const struct claims_context signing = context_claims(request, context);
	struct provider_session session;
	struct logout logout;
	enum verdict found;

	if (!logout_read(request, &logout))
		return page_refuse(request, WIRE_BAD_REQUEST, NULL);
	if (request_is_post(request) && !logout.parameters[LOGOUT_CSRF].given)
		return answer_again(request, "/oauth/logout", logout.parameters, LOGOUT_CSRF);
	found = browser_session(request, context->sessions, &session);
	if (found == VERDICT_UNDECIDED ||
	    logout_judge(request, &signing, context->accounts, &logout) == VERDICT_UNDECIDED)
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	return found == VERDICT_YES ? answer_session(request, context, &logout, &session)
				    : logout_answer(request, &logout);
}

const struct endpoint endpoint = {
    .name = "end_session",
    .allow = "GET, POST",
    .title = "Logout",
    .refuse = page_refuse,
    .start = context_open_pages,
    .check = context_check,
    .answer = answer,
};
