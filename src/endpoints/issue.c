#include "endpoints/issue.h"

#include "endpoints/custom.h"
#include "endpoints/outstanding.h"
#include "endpoints/session.h"

const char *
issue_token(const struct claims_context *context, enum token_kind kind,
    const struct account *account, const struct session *session, struct json_object *custom,
    struct json_object **claims)
{
	const struct config *config = context->config;

	*claims = claims_new(context, kind);
	if (*claims == NULL)
		return NULL;
	claims_put_user(context, *claims, account->user_id, account->user_id_integer);
	if (session != NULL)
		session_write(context, *claims, session);
	if (config->check_revoke_token)
		json_put_text(*claims, config->revoke_token_claim,
		    account_password_digest(context->arena, account));
	json_put_members(*claims, custom);
	return claims_sign(context, *claims);
}

/* Begins the session of a new refresh token. */
static enum wire
begin_session(const struct request *request, const struct context *context,
    const struct account *account, struct session *out)
{
	const struct session_terms terms = session_password_terms(context->config);
	struct device device = session_device(request);

	return wire_of_verdict(
	    sessions_begin(context->sessions, request->arena, &terms, account, &device, out),
	    WIRE_NO_ACCOUNT);
}

enum wire
issue_login(const struct request *request, const struct context *context, enum token_kind kind,
    const struct account *account, struct json_object **claims, const char **token)
{
	struct claims_context signing = context_claims(request, context);
	bool has_session = context->sessions != NULL && kind == TOKEN_REFRESH;
	struct session session;
	struct json_object *custom = NULL;
	enum wire begun = WIRE_OK;

	if (context->config->claims_query != NULL &&
	    !custom_read(&signing, context->accounts, CLAIMS, account->user_id, &custom))
		return WIRE_UNAVAILABLE;
	if (has_session)
		begun = begin_session(request, context, account, &session);
	if (begun != WIRE_OK)
		return begun;
	*token =
	    issue_token(&signing, kind, account, has_session ? &session : NULL, custom, claims);
	if (*token == NULL)
		return WIRE_UNAVAILABLE;
	if (has_session || !outstanding_takes(context->config, kind))
		return WIRE_OK;
	return outstanding_add(request, context, *claims, *token, account->key);
}
