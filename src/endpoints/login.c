/*
 * POST /oauth/login and POST /oauth/consent: the forms of the pages that authorize answers with.
 * Each has the parameters of the authorization request, which is judged anew.
 */
#include "base/utf8.h"
#include "endpoints/credentials.h"
#include "endpoints/session.h"
#include "oidc/answer.h"
#include "oidc/browser.h"
#include "oidc/page.h"

#define PASSWORD_MAXIMUM (1 << 20) /* more than a body may have */

/* The fields of the user; those of a consent have a decision, those of a login the others. */
enum { CSRF, USERNAME, PASSWORD, DECISION, FIELDS };

static struct reply
unavailable(struct request *request)
{
	return page_refuse(request, WIRE_UNAVAILABLE, NULL);
}

/* Consents to native applications are never stored: any program can answer in their place. */
static enum verdict
store_consent(const struct request *request, const struct context *context,
    const struct authorization *authorization, const struct browser_session *session)
{
	const struct client *client = &authorization->client;

	return client->first_party || client->native
		   ? VERDICT_YES
		   : client_consent(context->accounts, request->arena, session->user_id, client->id,
			 authorization->scopes);
}

static struct reply
answer_with_code(struct request *request, const struct context *context,
    const struct authorization *authorization, enum authorization_step step,
    const struct browser_session *session)
{
	struct reply reply;

	if (step == STEP_CONSENT &&
	    store_consent(request, context, authorization, session) != VERDICT_YES)
		return unavailable(request);
	switch (answer_code(request, context->sessions, authorization, session, &reply)) {
	case VERDICT_YES:
		return reply;
	case VERDICT_NO:
		return page_login(request, authorization, NULL);
	default:
		return unavailable(request);
	}
}

static struct reply
answer_next(struct request *request, const struct context *context,
    struct authorization *authorization, enum authorization_step step,
    const struct browser_session *session)
{
	const struct claims_context claims = context_claims(request, context);

	switch (authorization_next(&claims, context->accounts, authorization, step, session)) {
	case NEXT_CODE:
		return answer_with_code(request, context, authorization, step, session);
	case NEXT_LOGIN:
		return page_login(request, authorization, NULL);
	case NEXT_CONSENT:
		return page_consent(request, authorization, session);
	case NEXT_ERROR:
		return answer_error(request, authorization);
	default:
		return unavailable(request);
	}
}

/* The session that the browser had: no cookie would say any more to log out of it. */
static enum verdict
end_former(struct request *request, const struct context *context)
{
	struct browser_session former;
	enum verdict found = browser_session(request, context->sessions, &former);

	return found == VERDICT_YES ? browser_end(context->sessions, request->arena, &former)
				    : found;
}

/* A new session in place of the one that the browser had. */
static enum wire
begin(struct request *request, const struct context *context, const struct account *account,
    struct browser_session *out, const char **cookie)
{
	struct device device = session_device(request);

	if (end_former(request, context) == VERDICT_UNDECIDED)
		return WIRE_UNAVAILABLE;
	switch (browser_begin(context->sessions, request->arena, account, &device, out, cookie)) {
	case VERDICT_YES:
		return credentials_logged_in(request, context, account);
	case VERDICT_NO:
		return WIRE_NO_ACCOUNT;
	default:
		return WIRE_UNAVAILABLE;
	}
}

/* As /api/token/ reads them. */
static struct bytes
value_of(const struct parameter *field, bool trim)
{
	struct bytes value = bytes_of(field->value == NULL ? "" : field->value);

	return trim ? utf8_strip(value) : value;
}

static struct reply
log_in(struct request *request, const struct context *context, struct authorization *authorization,
    const struct parameter fields[static FIELDS])
{
	struct page_attempt attempt = {.name = fields[USERNAME].value, .wire = WIRE_ORIGIN};
	struct account account = {.user_id = NULL};
	struct browser_session session;
	const char *cookie;
	struct reply reply;

	if (!browser_sent_form(request, NULL, fields[CSRF].value))
		return page_login(request, authorization, &attempt);
	attempt.wire = credentials_check(request, context, value_of(&fields[USERNAME], true),
	    value_of(&fields[PASSWORD], request->config->password_trim), &account, &attempt.wait);
	if (attempt.wire == WIRE_OK)
		attempt.wire = begin(request, context, &account, &session, &cookie);
	if (attempt.wire == WIRE_UNAVAILABLE)
		return unavailable(request);
	if (attempt.wire != WIRE_OK)
		return page_login(request, authorization, &attempt);
	reply = answer_next(request, context, authorization, STEP_LOGIN, &session);
	browser_set_session(request, &reply, cookie);
	return reply;
}

/* The form is bound to the session: a consent is that of the user whom the page named. */
static struct reply
decide(struct request *request, const struct context *context, struct authorization *authorization,
    const struct parameter fields[static FIELDS])
{
	const char *decision = fields[DECISION].value == NULL ? "" : fields[DECISION].value;
	struct browser_session session;
	enum verdict found = browser_session(request, context->sessions, &session);

	if (found == VERDICT_UNDECIDED)
		return unavailable(request);
	if (found == VERDICT_NO)
		return page_login(request, authorization, NULL);
	request->user = session.user_id;
	if (!browser_sent_form(request, session.sid, fields[CSRF].value))
		return page_consent(request, authorization, &session);
	if (strcmp(decision, "allow") == 0)
		return answer_next(request, context, authorization, STEP_CONSENT, &session);
	if (strcmp(decision, "refuse") != 0)
		return page_consent(request, authorization, &session);
	authorization_refuse(authorization, "access_denied", "The user has refused.");
	return answer_error(request, authorization);
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
	struct authorization authorization;
	enum authorization_outcome outcome =
	    authorization_judge(request, context->accounts, &authorization);

	if (outcome != AUTHORIZATION_GOOD)
		return answer_refusal(request, outcome, &authorization);
	parameters_of_body(request, fields, FIELDS);
	return fields[DECISION].given ? decide(request, context, &authorization, fields)
				      : log_in(request, context, &authorization, fields);
}

static struct context *
start(const struct config *config, const struct endpoint *endpoint)
{
	return context_limit(context_open_pages(config, endpoint));
}

const struct endpoint endpoint = {
    .name = "login",
    .allow = "POST",
    .title = "Login",
    .slow = true,
    .refuse = page_refuse,
    .start = start,
    .check = context_check,
    .answer = answer,
};
