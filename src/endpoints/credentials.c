#include "endpoints/credentials.h"

#include "accounts/logins.h"
#include "endpoints/custom.h"
#include "endpoints/outstanding.h"
#include "endpoints/token_session.h"

enum wire
credentials_check(struct request *request, const struct context *context, struct bytes name,
    struct bytes password, struct account *out, long *wait)
{
	struct throttle *throttle = context->throttle;
	struct attempt attempt;
	enum verdict verdict;

	*wait = throttle == NULL
		    ? 0
		    : throttle_try(throttle, request->remote_address, name, request->now, &attempt);
	if (*wait > 0)
		return WIRE_THROTTLED;
	verdict = login_verify(context->accounts, request->arena, name, password, out);
	if (throttle != NULL)
		throttle_settle(throttle, &attempt, verdict, request->now);
	if (verdict == VERDICT_YES)
		request->user_id = out->user_id;
	else
		request->reason = out->refusal;
	return wire_of_verdict(verdict, WIRE_NO_ACCOUNT);
}

enum wire
credentials_logged_in(
    const struct request *request, const struct context *context, const struct account *account)
{
	return !context->config->update_last_login ||
		       login_note(context->accounts, request->arena, account) == VERDICT_YES
		   ? WIRE_OK
		   : WIRE_UNAVAILABLE;
}

const char *
credentials_token(const struct claims_context *signing, enum token_kind kind,
    const struct account *account, const struct session *session, struct json_object *custom,
    struct json_object **claims)
{
	const struct config *config = signing->config;

	*claims = claims_new(signing, kind);
	if (*claims == NULL)
		return NULL;
	claims_put_user(signing, *claims, account->user_id, account->user_id_integer);
	if (session != NULL)
		token_session_write(signing, *claims, session);
	if (config->check_revoke_token)
		json_put_text(*claims, config->revoke_token_claim,
		    account_password_digest(signing->arena, account));
	json_put_members(*claims, custom);
	return claims_sign(signing, *claims);
}

/* Begins the session of a new refresh token. */
static enum wire
begin_session(const struct request *request, const struct context *context,
    const struct account *account, struct session *out)
{
	const struct session_terms terms = session_password_terms(context->config);
	struct device device = token_session_device(request);

	return wire_of_verdict(
	    sessions_begin(context->sessions, request->arena, &terms, account, &device, out),
	    WIRE_NO_ACCOUNT);
}

/*
 * The token of a login, with the claims of JWT_CLAIMS_QUERY. With JWT_SESSIONS a refresh token
 * begins a session; any other token is listed as outstanding where the tables are used.
 */
static enum wire
issue(const struct request *request, const struct context *context, enum token_kind kind,
    const struct account *account, struct login *out)
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
	out->token = credentials_token(
	    &signing, kind, account, has_session ? &session : NULL, custom, &out->claims);
	if (out->token == NULL)
		return WIRE_UNAVAILABLE;
	if (has_session || !outstanding_takes(context->config, kind))
		return WIRE_OK;
	return outstanding_add(request, context, out->claims, out->token, account->key);
}

static struct reply
refuse(struct request *request, enum wire wire, long wait)
{
	const char *seconds =
	    wire == WIRE_THROTTLED ? arena_printf(request->arena, "%ld", wait) : NULL;
	struct reply reply = reply_refuse(request, wire, seconds);

	if (seconds != NULL)
		reply_header(request, &reply, "Retry-After", seconds);
	return reply;
}

struct reply
credentials_answer(
    struct request *request, const struct context *context, enum token_kind kind, struct login *out)
{
	struct claims_context signing = context_claims(request, context);
	struct account account = {.user_id = NULL};
	long wait;
	enum wire wire = credentials_check(
	    request, context, request->values[0], request->values[1], &account, &wait);

	if (wire == WIRE_OK)
		wire = credentials_logged_in(request, context, &account);
	out->more = NULL;
	/* The query sees the new last_login, as in Django. It comes before the session begins, so
	 * that its failure leaves none behind. */
	if (wire == WIRE_OK && context->config->login_answer_query != NULL &&
	    !custom_read(&signing, context->accounts, LOGIN_ANSWER, account.user_id, &out->more))
		wire = WIRE_UNAVAILABLE;
	if (wire == WIRE_OK)
		wire = issue(request, context, kind, &account, out);
	if (wire != WIRE_OK)
		return refuse(request, wire, wait);
	return reply_none();
}
