/*
 * The two cookies of a browser at the provider of OpenID Connect, __Host-oidc (its session) and
 * __Host-oidc-form (its forms); with an http issuer, on loopback, without the prefix and Secure.
 * They are SameSite=Lax, because a browser has to send them where a client has sent the user.
 */
#pragma once

#include "accounts/provider_sessions.h"
#include "http/reply.h"

/* The session of the request's cookie. NO: there is none. */
enum verdict browser_session(struct request *, struct sessions *, struct provider_session *out);

/* What the request's cookie says of it (provider_session_claim()). false: there is none. */
bool browser_session_claimed(struct request *, struct provider_session *out);

/*
 * provider_session_begin() in place of the session that the browser had, which ends: no cookie
 * would be left to log out of it with.
 */
enum verdict browser_renew(struct request *, struct sessions *, const struct account *,
    const struct device *, struct provider_session *out, const char **cookie);

/* Sets the cookie of a new session, until the browser is closed; NULL: the browser forgets it. */
void browser_set_session(struct request *, struct reply *, const char *cookie);

/*
 * The value of the hidden field csrf of a form. It is bound to the cookie of the request, or to
 * a new one that *set_cookie then sets (else NULL), and to a text such as the id of the browser's
 * session, if not NULL. NULL: the kernel has no random numbers.
 */
const char *browser_form(struct request *, const char *bound, const char **set_cookie);

/*
 * Whether a form was sent by a page of ours in the same browser, bound to that text: csrf is the
 * field, NULL if it was not there.
 */
bool browser_sent_form(struct request *, const char *bound, const char *csrf);
