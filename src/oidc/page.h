/*
 * The pages of the provider of OpenID Connect: HTML in the language of the user. They need no
 * script. Headers forbid to store them, to show them in a frame and to send their URL as Referer.
 */
#pragma once

#include "http/parameters.h"
#include "http/reply.h"
#include "oidc/authorization.h"

struct provider_session;

/* For the refuse of an endpoint: a page with the status and the words for it. */
struct reply page_refuse(struct request *, enum wire, const char *argument);

/* 400: a fault that the user is told of, and not the client. */
struct reply page_fault(struct request *, enum authorization_fault);

/* A login form that the user has sent, and that is shown again. */
struct page_attempt {
	const char *name; /* as it was typed; may be NULL */
	enum wire wire;   /* why; WIRE_ORIGIN: the form was not one of ours, or too old */
	long wait;        /* of WIRE_THROTTLED: seconds */
};

/* The login form, which carries the authorization's parameters; attempt NULL: the first one. */
struct reply page_login(
    struct request *, const struct authorization *, const struct page_attempt *);

/* 200 with the question whether the client may have the scopes. */
struct reply page_consent(
    struct request *, const struct authorization *, const struct provider_session *);

/* 200 with a form that a script posts to the URI: those of the parameters that have a value. */
struct reply page_post(
    struct request *, const char *outcome, const char *uri, const struct parameter *, size_t count);

/* 200 with the question whether to log out. */
struct reply page_ask_logout(
    struct request *, const char *ui_locales, const struct provider_session *);

/* 200: the user is logged out. */
struct reply page_logged_out(struct request *, const char *ui_locales);
