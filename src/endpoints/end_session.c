/*
 * GET and POST /oauth/logout: the user logs out at the provider (OpenID Connect RP-Initiated Logout
 * 1.0). A link alone does not log out: without a good id_token_hint from the client, the user is
 * asked.
 */
#include "accounts/clients.h"
#include "endpoints/context.h"
#include "oidc/answer.h"
#include "oidc/browser.h"
#include "oidc/page.h"
#include "oidc/tokens.h"

#define HINT_MAXIMUM 8192

/* The parameters of section 2, then the field of our own form. */
enum { HINT, CLIENT_ID, URI, STATE, UI_LOCALES, CSRF, PARAMETERS };

/* What the client's request proves; both members are NULL if anything in it is wrong. */
struct proof {
	const char *user_id; /* of a good id_token_hint */
	const char *uri;     /* where the browser goes afterwards; NULL: nowhere */
};

static bool
is_readable(const struct parameter *parameters)
{
	for (size_t i = HINT; i <= STATE; i++)
		if (parameters[i].repeated || parameters[i].too_long)
			return false;
	return true;
}

/* NO: nothing is proved. UNDECIDED: an outage. */
static enum verdict
judge(struct request *request, const struct context *context, const struct parameter *parameters,
    struct proof *out)
{
	const struct claims_context signing = context_claims(request, context);
	const char *client_id = parameters[CLIENT_ID].value, *uri = parameters[URI].value;
	struct token_hint hint;
	struct client client;
	enum verdict found;

	if (!is_readable(parameters) || !tokens_hint(&signing, parameters[HINT].value, &hint) ||
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

/* To the client's URI, or the page that says that the user is logged out. */
static struct reply
answer_logged_out(struct request *request, const struct parameter *parameters, const char *uri)
{
	return uri == NULL ? page_logged_out(request, parameters[UI_LOCALES].value)
			   : answer_redirect(request, "logged-out", uri, &parameters[STATE], 1);
}

static struct reply
answer_session(struct request *request, const struct context *context,
    const struct parameter *parameters, const struct proof *proof,
    const struct provider_session *session)
{
	const char *csrf = parameters[CSRF].value;
	bool hinted = proof->user_id != NULL && strcmp(proof->user_id, session->user_id) == 0;
	struct reply reply;

	request->user_id = session->user_id;
	if (!hinted &&
	    !(request_is_post(request) && browser_sent_form(request, session->sid, csrf)))
		return page_ask_logout(request, parameters[UI_LOCALES].value, session);
	if (provider_session_end(context->sessions, request->arena, session) == VERDICT_UNDECIDED)
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	/* The hint of another user proves nothing about this one: no redirect. */
	reply = answer_logged_out(request, parameters, hinted ? proof->uri : NULL);
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
	    [CSRF] = {.name = "csrf"}};
	struct proof proof = {.user_id = NULL};
	struct provider_session session;
	enum verdict found;

	if (parameters_of_request(request, parameters, PARAMETERS) != PARAMETERS_GOOD)
		return page_refuse(request, WIRE_BAD_REQUEST, NULL);
	if (request_is_post(request) && !parameters[CSRF].given)
		return answer_again(request, "/oauth/logout", parameters, CSRF);
	found = browser_session(request, context->sessions, &session);
	if (found == VERDICT_UNDECIDED ||
	    judge(request, context, parameters, &proof) == VERDICT_UNDECIDED)
		return page_refuse(request, WIRE_UNAVAILABLE, NULL);
	return found == VERDICT_YES ? answer_session(request, context, parameters, &proof, &session)
				    : answer_logged_out(request, parameters, proof.uri);
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
