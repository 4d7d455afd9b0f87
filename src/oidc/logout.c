#include "oidc/logout.h"

#include "accounts/clients.h"
#include "oidc/answer.h"
#include "oidc/page.h"
#include "oidc/tokens.h"

#define HINT_MAXIMUM 8192

bool
logout_read(struct request *request, struct logout *out)
{
	*out = (struct logout){
	    .parameters = {[LOGOUT_HINT] = {.name = "id_token_hint", .maximum = HINT_MAXIMUM},
		[LOGOUT_CLIENT_ID] = {.name = "client_id"},
		[LOGOUT_URI] = {.name = "post_logout_redirect_uri"},
		[LOGOUT_STATE] = {.name = "state"},
		[LOGOUT_UI_LOCALES] = {.name = "ui_locales"},
		[LOGOUT_CSRF] = {.name = "csrf"}}};
	return parameters_of_request(request, out->parameters, LOGOUT_PARAMETERS) ==
	       PARAMETERS_GOOD;
}

static bool
are_single(const struct parameter *parameters)
{
	for (size_t i = LOGOUT_HINT; i <= LOGOUT_STATE; i++)
		if (parameters[i].repeated || parameters[i].too_long)
			return false;
	return true;
}

enum verdict
logout_judge(struct request *request, const struct claims_context *signing,
    struct accounts *accounts, struct logout *logout)
{
	const struct parameter *parameters = logout->parameters;
	const char *client_id = parameters[LOGOUT_CLIENT_ID].value;
	const char *uri = parameters[LOGOUT_URI].value;
	struct token_hint hint;
	struct client client;
	enum verdict found;

	if (!are_single(parameters) ||
	    !tokens_hint(signing, parameters[LOGOUT_HINT].value, &hint) ||
	    (client_id != NULL && strcmp(client_id, hint.client_id) != 0))
		return VERDICT_NO;
	request->client = hint.client_id;
	found = client_find(accounts, request->arena, hint.client_id, &client);
	if (found != VERDICT_YES)
		return found;
	if (uri != NULL && !bytes_among(bytes_of(uri), client.post_logout_redirect_uris))
		return VERDICT_NO;
	logout->user_id = hint.user_id;
	logout->uri = uri;
	return VERDICT_YES;
}

struct reply
logout_answer(struct request *request, const struct logout *logout)
{
	const struct parameter *parameters = logout->parameters;

	return logout->uri == NULL ? page_logged_out(request, parameters[LOGOUT_UI_LOCALES].value)
				   : answer_redirect(request, "logged-out", logout->uri,
					 &parameters[LOGOUT_STATE], 1);
}
