/*
 * Logins of browsers at the provider of OpenID Connect: sessions (accounts/sessions.h) whose client
 * is "", found by a cookie. The row holds only a hash of the cookie's secret, so that an attacker
 * who reads the database cannot make the cookie.
 */
#pragma once

#include "accounts/sessions.h"

/* In the request's arena. */
struct provider_session {
	const char *user_id, *sid;
	const char *name;  /* as account.name; may be NULL */
	int64_t auth_time; /* of the login, whole seconds since the epoch */
};

/*
 * Begins a session, with a new cookie, for an account whose password has just been verified. The
 * cookie is printable ASCII without ';', ',' and blanks. NO: the password was changed, or the
 * account deactivated, meanwhile.
 */
enum verdict provider_session_begin(struct sessions *, struct arena *, const struct account *,
    const struct device *, struct provider_session *out, const char **cookie);

/*
 * Finds the session of a cookie, and notes, at most once a minute, that it was used:
 * JWT_OIDC_SESSION_IDLE counts from then. NO: there is none, it is over, or its user is inactive.
 */
enum verdict provider_session_find(
    struct sessions *, struct arena *, struct bytes cookie, struct provider_session *out);

/*
 * What a cookie claims, without asking the database: user_id and sid, which code_create() verifies.
 * false: it is not one of our cookies.
 */
bool provider_session_claim(struct arena *, struct bytes cookie, struct provider_session *out);

/* The interval, for SQL, after which the use of a session is noted again. */
const char *provider_session_seen_period(const struct sessions *, struct arena *);

/* Notes that a session was used; after a failure the next request does it. */
void provider_session_seen(struct sessions *, struct arena *, const char *user_id, const char *sid);

/* Ends a session. NO: it is over. Sessions of clients that began with it continue. */
enum verdict provider_session_end(
    struct sessions *, struct arena *, const struct provider_session *);
