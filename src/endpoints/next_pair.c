#include "endpoints/next_pair.h"

#include "endpoints/custom.h"
#include "endpoints/policy.h"
#include "endpoints/refresh_cookie.h"
#include "endpoints/session.h"

/* The tokens of a session that was refreshed. */
static struct reply
next_tokens(struct request *request, const struct context *context, struct json_object *old,
    const struct session *session)
{
	struct claims_context signing = context_claims(request, context);
	struct json_object *refresh = claims_copy(&signing, old);
	const char *access_token, *refresh_token;
	struct reply reply;

	if (!claims_renew(&signing, refresh, TOKEN_REFRESH, true))
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	session_write(&signing, refresh, session);
	access_token = claims_sign(&signing, claims_access(&signing, refresh));
	refresh_token = access_token == NULL ? NULL : claims_sign(&signing, refresh);
	if (refresh_token == NULL)
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	if (!context->config->session_rotate)
		return reply_object(request, "access", access_token, NULL);
	if (context->config->refresh_cookie == REFRESH_COOKIE_OFF)
		return reply_object(
		    request, "access", access_token, "refresh", refresh_token, NULL);
	reply = reply_object(request, "access", access_token, NULL);
	refresh_cookie_set(request, &reply, refresh, refresh_token);
	return reply;
}

/*
 * The session's statements judge the owner, but for his password; and whether the session is over:
 * one that was made of a token of before may have been kept when others were ended. The claims are
 * read before the session is refreshed: after an error of theirs the token is still the last one.
 */
struct reply
next_pair_answer(struct request *request, struct context *context, struct bytes token,
    struct json_object *refresh)
{
	const struct session_terms terms = session_password_terms(context->config);
	struct claims_context signing = context_claims(request, context);
	bool has_session = json_has(refresh, context->config->session_id_claim);
	struct json_object *fresh = refresh;
	enum wire judged = WIRE_OK;
	struct session session;
	struct account owner;
	const char *outcome;
	struct reply reply;

	if (!has_session || policy_compares_password(context->config, true))
		judged = policy_renewal(
		    request, context, TOKEN_REFRESH, refresh, WANTED_JUDGEMENT, &owner);
	if (judged == WIRE_TOKEN_BLACKLISTED)
		judged = WIRE_OK;
	if (judged == WIRE_OK && !custom_refresh(&signing, context->accounts, &fresh))
		judged = WIRE_UNAVAILABLE;
	if (judged != WIRE_OK)
		return reply_refuse(request, judged, NULL);
	judged = session_refresh(request, context, &terms, refresh, token, &session, &outcome);
	reply = judged == WIRE_OK ? next_tokens(request, context, fresh, &session)
				  : reply_refuse(request, judged, NULL);
	if (outcome != NULL && reply.status != 503)
		reply.outcome = outcome;
	return reply;
}
