/*
 * Requests to log out at the provider (OpenID Connect RP-Initiated Logout 1.0 section 2): what they
 * ask for and what they prove.
 */
#pragma once

#include "http/parameters.h"
#include "http/reply.h"
#include "signing/claims.h"

struct accounts;

enum {
	LOGOUT_HINT,
	LOGOUT_CLIENT_ID,
	LOGOUT_URI,
	LOGOUT_STATE,
	LOGOUT_UI_LOCALES,
	LOGOUT_CSRF, /* of our own form */
	LOGOUT_PARAMETERS
};

/* In the request's arena. */
struct logout {
	struct parameter parameters[LOGOUT_PARAMETERS];
	/* What the client proves; both NULL if anything is wrong. */
	const char *user_id; /* of a good hint */
	const char *uri;     /* where to go afterwards; NULL: nowhere */
};

/* false: the parameters cannot be read. */
bool logout_read(struct request *, struct logout *out);

/*
 * Judges id_token_hint, client_id and post_logout_redirect_uri. NO: nothing is proved. UNDECIDED:
 * an outage. request->client is the client for the log.
 */
enum verdict logout_judge(
    struct request *, const struct claims_context *, struct accounts *, struct logout *);

/* The way to the client's URI, or the page that says that the user is logged out. */
struct reply logout_answer(struct request *, const struct logout *);
