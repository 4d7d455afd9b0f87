/*
 * POST /oauth/login and POST /oauth/consent: the forms of the login page and the consent page. Each
 * carries the parameters of the authorization request, which is judged again.
 */
#include "base/utf8.h"
#include "endpoints/credentials.h"
#include "endpoints/token_session.h"
#include "oidc/browser.h"
#include "oidc/flow.h"
#include "oidc/page.h"

#define PASSWORD_MAXIMUM (1 << 20) /* more than a body may have */

/* What the user enters: name and password, or on the consent page a decision. */
enum { CSRF, USERNAME, PASSWORD, DECISION, FIELDS };

/* Begins a session of the browser and notes the login. */
static enum wire
begin(struct request *request, const struct context *context, const struct account *account,
    struct provider_session *out, const char **cookie)
{
	struct device device = token_session_device(request);
	enum wire begun = wire_of_verdict(
	    browser_renew(request, context->sessions, account, &device, out, cookie),
	    WIRE_NO_ACCOUNT);

	return begun == WIRE_OK ? credentials_logged_in(request, context, account) : begun;
}

/* A field as /api/token/ reads it; "" if it is missing. */
static struct bytes
value_of(const struct parameter *field, bool trim)
{
	struct bytes value = bytes_of(field->value == NULL ? "" : field->value);

	return trim ? utf8_strip(value) : value;
}

static struct reply
log_in(struct flow *flow, const struct context *context, const struct parameter *fields)
{
	struct request *request = flow->request;
	struct page_attempt attempt = {.name = fields[USERNAME].value, .wire = WIRE_ORIGIN};
	struct account account = {.user_id = NULL};
	struct provider_session session;
	const char *cookie;
	struct reply reply;

	if (!browser_sent_form(request, NULL, fields[CSRF].value))
		return page_login(request, &flow->authorization, &attempt);
	attempt.wire = credentials_check(request, context, value_of(&fields[USERNAME], true),
	    value_of(&fields[PASSWORD], request->config->password_trim), &account, &attempt.wait);
	if (attempt.wire == WIRE_OK)
		attempt.wire = begin(request, context, &account, &session, &cookie);
	if (attempt.wire == WIRE_UNAVAILABLE)
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	if (attempt.wire != WIRE_OK)
		return page_login(request, &flow->authorization, &attempt);
	reply = flow_next(flow, STEP_LOGIN, &session);
	browser_set_session(request, &reply, cookie);
	return reply;
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct parameter fields[FIELDS] = {
	    [CSRF] = {.name = "csrf"},
	    [USERNAME] = {.name = "username"},
	    [PASSWORD] = {.name = "password", .maximum = PASSWORD_MAXIMUM},
	    [DECISION] = {.name = "decision"},
	};
	struct flow flow = {.request = request,
	    .signing = context_claims(request, context),
	    .accounts = context->accounts,
	    .sessions = context->sessions};
	struct reply reply = flow_judge(&flow);

	if (reply.status != 0)
		return reply;
	parameters_of_body(request, fields, FIELDS);
	return fields[DECISION].given
		   ? flow_consent(&flow, fields[DECISION].value, fields[CSRF].value)
		   : log_in(&flow, context, fields);
}

const struct endpoint endpoint = {
    .name = "login",
    .allow = "POST",
    .title = "Login",
    .slow = true,
    .refuse = page_refuse,
    .start = context_open_pages,
    .check = context_check,
    .answer = answer,
};
