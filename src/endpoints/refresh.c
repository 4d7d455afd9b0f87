/*
 * POST /api/token/refresh/: exchanges a refresh token for an access token and, with rotation, the
 * next refresh token.
 */
#include "endpoints/custom.h"
#include "endpoints/outstanding.h"
#include "endpoints/policy.h"
#include "endpoints/refresh_cookie.h"
#include "endpoints/token_session.h"

/*
 * Makes the next refresh token: the claims of `fresh` with a new id and new times. The old token
 * is blacklisted last (JWT_BLACKLIST_AFTER_ROTATION): an outage before that leaves it valid, so
 * that the client can try again. key: the owner's, may be NULL.
 */
static enum wire
rotate(const struct request *request, const struct context *context, struct json_object *fresh,
    struct json_object *old, const char *key, const char **token)
{
	const struct config *config = context->config;
	struct claims_context signing = context_claims(request, context);
	struct json_object *claims = claims_copy(&signing, fresh);
	enum wire done = WIRE_OK;

	if (!claims_renew(&signing, claims, TOKEN_REFRESH, true))
		return WIRE_UNAVAILABLE;
	*token = claims_sign(&signing, claims);
	if (*token == NULL)
		return WIRE_UNAVAILABLE;
	if (config->blacklist_after_rotation)
		done = outstanding_add_old(request, context, old, key);
	if (done == WIRE_OK && config->token_blacklist && config->compat != COMPAT_5_2)
		done = outstanding_add(request, context, claims, *token, key);
	if (done == WIRE_OK && config->blacklist_after_rotation)
		done = outstanding_end(request, context, old);
	return done;
}

/* The blacklist's tables refer to the owner by the primary key, which is in the row. */
static enum wanted
wanted_of(const struct config *config)
{
	bool listed = config->blacklist_after_rotation || config->token_blacklist;

	return config->rotate_refresh_tokens && listed ? WANTED_ROW : WANTED_JUDGEMENT;
}

/* Without JWT_SESSIONS: as SimpleJWT does. */
static struct reply
refresh_plain(struct request *request, struct context *context, struct json_object *refresh)
{
	struct claims_context signing = context_claims(request, context);
	const char *access_token, *refresh_token;
	struct json_object *fresh = refresh;
	struct account owner;
	enum wire judged = policy_renewal(
	    request, context, TOKEN_REFRESH, refresh, wanted_of(context->config), &owner);

	if (judged == WIRE_OK && !custom_refresh(&signing, context->accounts, &fresh))
		judged = WIRE_UNAVAILABLE;
	if (judged != WIRE_OK)
		return reply_refuse(request, judged, NULL);
	access_token = claims_sign(&signing, claims_access(&signing, fresh));
	if (access_token == NULL)
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	if (!context->config->rotate_refresh_tokens)
		return reply_object(request, "access", access_token, NULL);
	judged = rotate(request, context, fresh, refresh, owner.key, &refresh_token);
	if (judged != WIRE_OK)
		return reply_refuse(request, judged, NULL);
	return reply_object(request, "access", access_token, "refresh", refresh_token, NULL);
}

/* Answers with the next tokens of a session that was refreshed. */
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
	token_session_write(&signing, refresh, session);
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
 * With JWT_SESSIONS the session's row decides, and the answer has its next generation. The
 * session's statements judge the owner, except for the password. They alone decide whether the
 * session has ended: one that an older token was converted to may have been kept when the user's
 * other sessions were ended. The operator's claims are read before the session is refreshed, so
 * that their failure does not use up the token.
 */
static struct reply
refresh_with_session(struct request *request, struct context *context, struct bytes token,
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
	judged =
	    token_session_refresh(request, context, &terms, refresh, token, &session, &outcome);
	reply = judged == WIRE_OK ? next_tokens(request, context, fresh, &session)
				  : reply_refuse(request, judged, NULL);
	if (outcome != NULL && reply.status != 503)
		reply.outcome = outcome;
	return reply;
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct json_object *refresh;
	struct bytes token;
	bool from_cookie;
	struct reply reply = refresh_cookie_token(request, &token, &from_cookie);
	enum wire judged;

	if (reply.status != 0)
		return reply;
	judged = policy_token(request, context, token, TOKEN_REFRESH, &refresh);
	if (judged != WIRE_OK)
		reply = reply_refuse(request, judged, NULL);
	else if (context->sessions == NULL)
		reply = refresh_plain(request, context, refresh);
	else
		reply = refresh_with_session(request, context, token, refresh);
	if (from_cookie && reply.status == 401)
		refresh_cookie_clear(request, &reply);
	return reply;
}

const struct endpoint endpoint = {
    .name = "refresh",
    .allow = "POST, OPTIONS",
    .title = "Token Refresh",
    .description = "Takes a refresh type JSON web token and returns an access type JSON web\n"
		   "token if the refresh token is valid.",
    .fields = {{FIELD_COOKIE, "refresh"}, {FIELD_READ_ONLY, "access"}},
    .path = "/api/token/refresh/",
    .schema = "TokenRefresh",
    .members = {{MEMBER_TEXT, "access"}, {MEMBER_ROTATED, "refresh"}},
    .signs = true,
    .start = context_open,
    .check = context_check,
    .admit = refresh_cookie_admit,
    .answer = answer,
};
