/*
 * The provider's pages: HTML in the user's language, usable without scripts. Their headers forbid
 * storing them, showing them in a frame and sending their URL as Referer.
 */
#pragma once

#include "http/parameters.h"
#include "http/reply.h"
#include "oidc/authorization.h"

struct provider_session;

/* An endpoint's refuse(): a page with the status and a sentence for the user. */
struct reply page_refuse(struct request *, enum wire, const char *argument);

/* 400 for AUTHORIZATION_PAGE: shown to the user and never sent to the client. */
struct reply page_fault(struct request *, enum authorization_fault);

/* A failed login, after which the form is shown again. */
struct page_attempt {
	const char *name; /* as typed; may be NULL */
	enum wire wire;   /* why; WIRE_ORIGIN: the form was not one of ours, or too old */
	long wait;        /* seconds, for WIRE_THROTTLED */
};

/* The login form, which carries the authorization's parameters. attempt: NULL the first time. */
struct reply page_login(
    struct request *, const struct authorization *, const struct page_attempt *);

/* 200: asks whether the client may have the scopes. */
struct reply page_consent(
    struct request *, const struct authorization *, const struct provider_session *);

/* 200: a form that a script posts to the URI, with the parameters that have a value. */
struct reply page_post(
    struct request *, const char *outcome, const char *uri, const struct parameter *, size_t count);

/* 200: asks whether to log out. */
struct reply page_ask_logout(
    struct request *, const char *ui_locales, const struct provider_session *);

/* 200: the user is logged out. */
struct reply page_logged_out(struct request *, const char *ui_locales);
