/*
 * The two cookies of a browser at the provider: __Host-oidc (its session) and __Host-oidc-form (its
 * forms). With an http issuer, on loopback, they have neither the prefix nor Secure. They are
 * SameSite=Lax, because browsers must send them when a client redirects the user here.
 */
#pragma once

#include "accounts/provider_sessions.h"
#include "http/reply.h"

/* The session of the request's cookie. NO: there is none. */
enum verdict browser_session(struct request *, struct sessions *, struct provider_session *out);

/* As the cookie claims, not proved by the database (provider_session_claim()). false: none. */
bool browser_session_claimed(struct request *, struct provider_session *out);

/*
 * provider_session_begin() for a new session. It ends the session that the browser had, which could
 * no longer be logged out of once its cookie is replaced.
 */
enum verdict browser_renew(struct request *, struct sessions *, const struct account *,
    const struct device *, struct provider_session *out, const char **cookie);

/* Sets the session's cookie, until the browser is closed. cookie: NULL deletes it. */
void browser_set_session(struct request *, struct reply *, const char *cookie);

/*
 * The value of a form's hidden field csrf. It is bound to the form cookie and to `bound`, such as
 * the id of the browser's session, which may be NULL. *set_cookie: the Set-Cookie header of a new
 * form cookie, NULL if the browser has one. Returns NULL if the kernel has no random numbers.
 */
const char *browser_form(struct request *, const char *bound, const char **set_cookie);

/*
 * Whether a form was sent by a page of ours in the same browser, bound to the same text. csrf: the
 * value of the field, NULL if it is missing.
 */
bool browser_sent_form(struct request *, const char *bound, const char *csrf);
