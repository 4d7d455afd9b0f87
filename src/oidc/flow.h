/*
 * The authorization code flow, for authorize and login: from a request to the answer for the
 * browser.
 */
#pragma once

#include "http/reply.h"
#include "oidc/authorization.h"

struct flow {
	struct request *request;
	struct claims_context signing;
	struct accounts *accounts;
	struct sessions *sessions;
	struct authorization authorization; /* set by flow_judge() */
};

/* Judges the request: a reply with status 0, or the refusal, a page or an error for the client. */
struct reply flow_judge(struct flow *);

/*
 * Answers with a code or an error for the client, or with the page that the user has to see first.
 * session: the browser's, NULL if there is none.
 */
struct reply flow_next(
    struct flow *, enum authorization_step, const struct provider_session *session);

/* Answers a request at /oauth/authorize, with the session of the browser's cookie. */
struct reply flow_begin(struct flow *);

/*
 * Answers the form of the consent page. decision: "allow" or "refuse"; anything else shows the page
 * again. The form is bound to the session, so a consent is that of the user whom the page named.
 */
struct reply flow_consent(struct flow *, const char *decision, const char *csrf);
