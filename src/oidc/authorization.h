/*
 * Authorization requests (RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 3.1.2): judged,
 * and what has to happen before the client is given a code. authorize and login share both: the
 * login form carries the request's parameters as hidden fields, and its POST judges them anew.
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
	AUTHORIZATION_PAGE,   /* to be told to the user with 400 and never to the client */
	AUTHORIZATION_CLIENT, /* to be told to the client: answer_error() */
};

/* Why an AUTHORIZATION_PAGE. */
enum authorization_fault {
	FAULT_NONE,
	FAULT_REQUEST,      /* what parameters_of_query() or parameters_of_body() refuse */
	FAULT_CLIENT,       /* client_id: missing, repeated, unknown or not active */
	FAULT_REDIRECT_URI, /* missing, repeated or not registered */
};

#define AUTHORIZATION_PARAMETERS 20

/* All of it in the request's arena. */
struct authorization {
	/* As they came: those that have a value are what a page carries as hidden fields. */
	struct parameter parameters[AUTHORIZATION_PARAMETERS];
	enum authorization_fault fault;

	struct client client;
	const char *redirect_uri;
	const char *state; /* NULL: none */
	bool form_post;    /* the answer is a form (response_mode=form_post), not a query */
	const char *error, *description; /* for the client, after AUTHORIZATION_CLIENT */

	const char *scopes;         /* granted: words of the client's row, one space between */
	const char *code_challenge; /* NULL: none */
	const char *nonce;          /* NULL: none */
	const char *login_hint, *id_token_hint, *ui_locales; /* NULL: none */
	bool prompt_none, prompt_login, prompt_consent;      /* select_account is prompt_login */
	int64_t max_age;                                     /* seconds; -1: none */
};

/*
 * Judges the parameters of the query, or of the body of a POST. request->client is the client_id
 * for the log.
 */
enum authorization_outcome authorization_judge(
    struct request *, struct accounts *, struct authorization *out);

/* Makes it an answer to the client: an error of RFC 6749 section 4.1.2.1 and a fixed sentence. */
void authorization_refuse(struct authorization *, const char *error, const char *description);

/* Where the user is when it is decided what comes next. */
enum authorization_step {
	STEP_REQUEST, /* has come from the client */
	STEP_LOGIN,   /* has just given the password */
	STEP_CONSENT, /* has just consented: a login of the last ten minutes is fresh enough, as it
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
 * What the form of a consent is bound to: the session, and how fresh its login had to be for the
 * page. So the form of another request proves nothing about this one's login.
 */
const char *authorization_bound(
    struct arena *, const struct authorization *, const struct provider_session *);

/* What has to happen next. session: the browser's, NULL if there is none. */
enum authorization_next authorization_next(const struct claims_context *, struct accounts *,
    struct authorization *, enum authorization_step, const struct provider_session *session);

/* The parts that need no database, for tests. */

/* Names and maximums of the parameters, without values. */
void authorization_names(struct authorization *);

/* Reads all parameters but client_id, redirect_uri and scope; false: it has been refused. */
bool authorization_read(struct authorization *);

/* What is known about the user when it is decided. */
struct authorization_user {
	const struct provider_session *session; /* NULL: none */
	bool hint_bad;    /* there is an id_token_hint, and it proves nothing */
	const char *hint; /* the user id in a good id_token_hint; NULL: none */
	bool consented;   /* to all scopes, earlier or just now */
	int64_t now;
};
enum authorization_next authorization_decide(
    struct authorization *, enum authorization_step, const struct authorization_user *);
