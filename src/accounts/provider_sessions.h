/*
 * The login of a browser at the provider of OpenID Connect: a session (accounts/sessions.h) whose
 * client is "", found by a cookie. The row has a hash of the cookie's secret, so that a reader of
 * the database cannot make the cookie.
 */
#pragma once

#include "accounts/sessions.h"

/* In the request's arena. */
struct provider_session {
	const char *user_id, *sid;
	const char *name;  /* as that of an account: may be NULL */
	int64_t auth_time; /* of the login, whole seconds since the epoch */
};

/*
 * Begins a session for an account whose password has just been verified; each has a new cookie,
 * which is printable ASCII without ';', ',' and blanks. NO: the password was changed, or the
 * account deactivated, meanwhile.
 */
enum verdict provider_session_begin(struct sessions *, struct arena *, const struct account *,
    const struct device *, struct provider_session *out, const char **cookie);

/*
 * The session of a cookie; notes that it was used (JWT_OIDC_SESSION_IDLE counts from then) once a
 * minute at most. NO: there is none, it is over, or its user is inactive.
 */
enum verdict provider_session_find(
    struct sessions *, struct arena *, struct bytes cookie, struct provider_session *out);

/*
 * What a cookie says, without a look at the database: user_id and sid, which code_create() proves.
 * false: no cookie of ours.
 */
bool provider_session_claim(struct arena *, struct bytes cookie, struct provider_session *out);

/* As SQL writes it: for how long a session must not have been used before it is noted again. */
const char *provider_session_seen_period(const struct sessions *, struct arena *);

/* Notes that a session was used; what fails is done by the next request. */
void provider_session_seen(struct sessions *, struct arena *, const char *user_id, const char *sid);

/* Ends a session. NO: it is over. The sessions of clients that began with it go on. */
enum verdict provider_session_end(
    struct sessions *, struct arena *, const struct provider_session *);
