/*
 * Decides the next step of an authorization request: login, consent, code or error.
 */
#include "oidc/authorization.h"
#include "oidc/tokens.h"

#define LOGIN_SECONDS 600 /* at most from a login to the consent that follows it */

static enum authorization_next
refuse(struct authorization *authorization, const char *error, const char *description)
{
	authorization_refuse(authorization, error, description);
	return NEXT_ERROR;
}

/* Whether users of the client are ever asked for consent. */
static bool
asks(const struct client *client)
{
	return !client->first_party || client->native;
}

/* Whether the session's login is as recent as the client asks; max_age=0 means prompt=login. */
static bool
is_fresh(const struct authorization *authorization, enum authorization_step step,
    const struct authorization_user *user)
{
	int64_t age = user->now - user->session->auth_time;

	if (step == STEP_LOGIN ||
	    (step == STEP_CONSENT && asks(&authorization->client) && age <= LOGIN_SECONDS))
		return true;
	if (authorization->prompt_login || authorization->max_age == 0)
		return false;
	return authorization->max_age < 0 || age <= authorization->max_age;
}

const char *
authorization_bound(struct arena *arena, const struct authorization *authorization,
    const struct provider_session *session)
{
	return arena_printf(arena, "%s %d %lld", session->sid, authorization->prompt_login,
	    (long long)authorization->max_age);
}

/* For a native application, a consent counts for one request only. */
static bool
needs_consent(const struct authorization *authorization, enum authorization_step step,
    const struct authorization_user *user)
{
	const struct client *client = &authorization->client;

	if (step == STEP_CONSENT || !asks(client))
		return false;
	return client->native || authorization->prompt_consent || !user->consented;
}

enum authorization_next
authorization_decide(struct authorization *authorization, enum authorization_step step,
    const struct authorization_user *user)
{
	bool none = authorization->prompt_none;
	bool other = user->session != NULL && user->hint != NULL &&
		     strcmp(user->hint, user->session->user_id) != 0;

	/* The client means the user of id_token_hint: no other user's token is made. */
	if (other && step != STEP_REQUEST)
		return refuse(authorization, "login_required", "Another user has logged in.");
	if (user->session == NULL || other || !is_fresh(authorization, step, user) ||
	    (user->hint_bad && step == STEP_REQUEST))
		return none ? refuse(authorization, "login_required", "The user has to log in.")
			    : NEXT_LOGIN;
	if (needs_consent(authorization, step, user))
		return none ? refuse(authorization, "consent_required", "The user has to consent.")
			    : NEXT_CONSENT;
	return NEXT_CODE;
}

enum authorization_next
authorization_next(const struct claims_context *signing, struct accounts *accounts,
    struct authorization *authorization, enum authorization_step step,
    const struct provider_session *session)
{
	struct authorization_user user = {.session = session, .now = signing->now};
	const struct client *client = &authorization->client;
	struct token_hint hint;
	enum verdict consented;

	if (authorization->id_token_hint != NULL) {
		user.hint_bad = !tokens_hint(signing, authorization->id_token_hint, &hint);
		user.hint = user.hint_bad ? NULL : hint.user_id;
	}
	if (session == NULL || client->first_party || client->native)
		return authorization_decide(authorization, step, &user);
	consented = client_consented(
	    accounts, signing->arena, session->user_id, client->id, authorization->scopes);
	if (consented == VERDICT_UNDECIDED)
		return NEXT_UNAVAILABLE;
	user.consented = consented == VERDICT_YES;
	return authorization_decide(authorization, step, &user);
}
