/*
 * GET and POST /oauth/logout: the user logs out at the provider (OpenID Connect RP-Initiated Logout
 * 1.0). A link alone does not log out: without the client's good id_token_hint the user is asked.
 */
#include "endpoints/context.h"
#include "oidc/answer.h"
#include "oidc/browser.h"
#include "oidc/page.h"
#include "oidc/tokens.h"

#define HINT_MAXIMUM 8192

enum { HINT, CLIENT_ID, URI, STATE, UI_LOCALES, CSRF, PARAMETERS };

/* What the client proves. */
struct proof {
	const char *user_id; /* of a good hint, with nothing wrong beside it; NULL: none */
	const char *uri;     /* where to go afterwards; NULL: nowhere */
};

static bool
are_single(const struct parameter *parameters)
{
	for (size_t i = HINT; i <= STATE; i++)
		if (parameters[i].repeated || parameters[i].too_long)
			return false;
	return true;
}

/* UNDECIDED: an outage; NO: there is none, or anything is wrong. */
static enum verdict
judge(struct request *request, const struct context *context, const struct parameter *parameters,
    struct proof *out)
{
	const struct claims_context claims = context_claims(request, context);
	const char *client_id = parameters[CLIENT_ID].value, *uri = parameters[URI].value;
	struct token_hint hint;
	struct client client;
	enum verdict found;

	if (!are_single(parameters) || !tokens_hint(&claims, parameters[HINT].value, &hint) ||
	    (client_id != NULL && strcmp(client_id, hint.client_id) != 0))
		return VERDICT_NO;
	request->client = hint.client_id;
	found = client_find(context->accounts, request->arena, hint.client_id, &client);
	if (found != VERDICT_YES)
		return found;
	if (uri != NULL && !bytes_among(bytes_of(uri), client.post_logout_redirect_uris))
		return VERDICT_NO;
	*out = (struct proof){hint.user_id, uri};
	return VERDICT_YES;
}

/* Where the client wants the user to go, or the page that says that it is done. */
static struct reply
answer_done(struct request *request, const struct parameter *parameters, const struct proof *proof)
{
	return proof->uri == NULL
		   ? page_logged_out(request, parameters[UI_LOCALES].value)
		   : answer_redirect(request, "logged-out", proof->uri, &parameters[STATE], 1);
}

static struct reply
log_out(struct request *request, const struct context *context, const struct parameter *parameters,
    const struct proof *proof, const struct browser_session *session)
{
	struct reply reply;

	if (browser_end(context->sessions, request->arena, session) == VERDICT_UNDECIDED)
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	reply = answer_done(request, parameters, proof);
	browser_set_session(request, &reply, NULL);
	return reply;
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct parameter parameters[PARAMETERS] = {
	    [HINT] = {.name = "id_token_hint", .maximum = HINT_MAXIMUM},
	    [CLIENT_ID] = {.name = "client_id"},
	    [URI] = {.name = "post_logout_redirect_uri"},
	    [STATE] = {.name = "state"},
	    [UI_LOCALES] = {.name = "ui_locales"},
	    [CSRF] = {.name = "csrf"},
	};
	bool posted = request_is_post(request);
	struct proof proof = {.user_id = NULL}, none = {.user_id = NULL};
	struct browser_session session;
	enum verdict found;

	if (parameters_of_request(request, parameters, PARAMETERS) != PARAMETERS_GOOD)
		return page_refuse(request, WIRE_BAD_REQUEST, NULL);
	if (posted && !parameters[CSRF].given)
		return answer_again(request, "/oauth/logout", parameters, CSRF);
	found = browser_session(request, context->sessions, &session);
	if (found == VERDICT_UNDECIDED ||
	    judge(request, context, parameters, &proof) == VERDICT_UNDECIDED)
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	if (found == VERDICT_NO)
		return answer_done(request, parameters, &proof);
	request->user = session.user_id;
	if (proof.user_id != NULL && strcmp(proof.user_id, session.user_id) == 0)
		return log_out(request, context, parameters, &proof, &session);
	if (posted && browser_sent_form(request, session.sid, parameters[CSRF].value))
		return log_out(request, context, parameters, &none, &session);
	return page_ask_logout(request, parameters[UI_LOCALES].value, &session);
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
