/*
 * Authorization requests (RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 3.1.2): whether
 * one is valid, and which step comes next on the way to a code. authorize and login share both: the
 * login form carries the request's parameters as hidden fields, and its POST judges them again.
 */
#pragma once

#include "accounts/clients.h"
#include "accounts/provider_sessions.h"
#include "http/parameters.h"
#include "signing/claims.h"

struct accounts;
struct request;

enum authorization_outcome {
	AUTHORIZATION_UNAVAILABLE, /* an outage: 503 */
	AUTHORIZATION_GOOD,
	AUTHORIZATION_PAGE,   /* 400, shown to the user and never sent to the client */
	AUTHORIZATION_CLIENT, /* sent to the client: answer_error() */
};

/* The reason for AUTHORIZATION_PAGE. */
enum authorization_fault {
	FAULT_NONE,
	FAULT_REQUEST,      /* parameters_of_request() refuses it */
	FAULT_CLIENT,       /* client_id: missing, repeated, unknown or not active */
	FAULT_REDIRECT_URI, /* missing, repeated or not registered */
};

#define AUTHORIZATION_PARAMETERS 20

/* A request as judged, in its arena. */
struct authorization {
	/* As received; a page carries those with a value as hidden fields. */
	struct parameter parameters[AUTHORIZATION_PARAMETERS];
	enum authorization_fault fault;

	struct client client;
	const char *redirect_uri;
	const char *state; /* NULL: none */
	bool form_post;    /* the answer is a form (response_mode=form_post), not a query */
	const char *error, *description; /* for the client, after AUTHORIZATION_CLIENT */

	const char *scopes;                                  /* granted, separated by spaces */
	const char *code_challenge;                          /* NULL: none */
	const char *nonce;                                   /* NULL: none */
	const char *login_hint, *id_token_hint, *ui_locales; /* NULL: none */
	bool prompt_none, prompt_login, prompt_consent;      /* select_account is prompt_login */
	int64_t max_age;                                     /* seconds; -1: none */
};

/*
 * Judges the parameters of the query, or of the body of a POST. Sets request->client for the log.
 */
enum authorization_outcome authorization_judge(
    struct request *, struct accounts *, struct authorization *out);

/* Sets the error for the client (RFC 6749 section 4.1.2.1) and its constant description. */
void authorization_refuse(struct authorization *, const char *error, const char *description);

/* What the user has just done. */
enum authorization_step {
	STEP_REQUEST, /* has come from the client */
	STEP_LOGIN,   /* has logged in */
	STEP_CONSENT, /* has consented: a login within the last ten minutes is recent enough, as it
		       * was when the page was shown (authorization_bound()) */
};

enum authorization_next {
	NEXT_UNAVAILABLE, /* an outage: 503 */
	NEXT_CODE,        /* answer_code() */
	NEXT_LOGIN,       /* the login page */
	NEXT_CONSENT,     /* the consent page */
	NEXT_ERROR,       /* answer_error(): the authorization has been refused */
};

/*
 * What the form of a consent page is bound to: the session, and how recent its login had to be. So
 * a form from another request does not prove that the login is recent enough for this one.
 */
const char *authorization_bound(
    struct arena *, const struct authorization *, const struct provider_session *);

/* Decides the next step. session: the browser's, NULL if there is none. */
enum authorization_next authorization_next(const struct claims_context *, struct accounts *,
    struct authorization *, enum authorization_step, const struct provider_session *session);

/* The parts that need no database, for tests. */

/* Sets the names and maximums of the parameters. */
void authorization_names(struct authorization *);

/* Reads all parameters but client_id, redirect_uri and scope; false: it has been refused. */
bool authorization_read(struct authorization *);

/* What the next step depends on. */
struct authorization_user {
	const struct provider_session *session; /* NULL: none */
	bool hint_bad;                          /* there is an id_token_hint, which is not valid */
	const char *hint; /* the user id in a valid id_token_hint; NULL: none */
	bool consented;   /* to all scopes, earlier or just now */
	int64_t now;
};
enum authorization_next authorization_decide(
    struct authorization *, enum authorization_step, const struct authorization_user *);
