/*
 * The authorization code flow of one request, in authorize and login: what the browser is answered.
 */
#pragma once

#include "http/reply.h"
#include "oidc/authorization.h"

struct flow {
	struct request *request;
	struct claims_context signing;
	struct accounts *accounts;
	struct sessions *sessions;
	struct authorization authorization; /* of flow_judge() */
};

/* authorization_judge(): a reply with status 0, or the refusal: a page or an error for the client.
 */
struct reply flow_judge(struct flow *);

/*
 * The client's code, an error for it, or the page that comes first. session: the browser's, NULL if
 * there is none.
 */
struct reply flow_next(
    struct flow *, enum authorization_step, const struct provider_session *session);

/* The same for a request at /oauth/authorize, with the session of the browser's cookie. */
struct reply flow_begin(struct flow *);

/*
 * What the user has decided on the consent page: "allow" or "refuse"; else the page again. The form
 * is bound to the session: a consent is that of the user whom the page named.
 */
struct reply flow_consent(struct flow *, const char *decision, const char *csrf);
