/*
 * The refusals that have a status of their own: status, code and sentence of each.
 *
 * Sentences about fields are in request_fields.c and beside the endpoints that check them, those
 * about authorization requests in oidc/.
 */
#pragma once

#include "base/verdict.h"
#include "config/config.h"

enum wire {
	WIRE_OK,
	/* The request itself. */
	WIRE_PARSE_ERROR,       /* 400, {} is the parser's message */
	WIRE_FIELD_ERRORS,      /* 400, the body lists the errors */
	WIRE_BAD_REQUEST,       /* 400, inconsistent parameters from the web server */
	WIRE_ORIGIN,            /* 403, the refresh cookie from an origin that may not use it */
	WIRE_FORBIDDEN,         /* 403, the user lacks the permission */
	WIRE_NOT_FOUND,         /* 404 */
	WIRE_METHOD,            /* 405, {} is the method */
	WIRE_NOT_ACCEPTABLE,    /* 406 */
	WIRE_TOO_LARGE,         /* 413 */
	WIRE_MEDIA_TYPE,        /* 415, {} is the Content-Type */
	WIRE_HEADERS_TOO_LARGE, /* 431 */
	/* Credentials. */
	WIRE_NO_ACCOUNT,           /* login: wrong name or password */
	WIRE_NO_ACCOUNT_FOR_TOKEN, /* refresh: user deleted or inactive */
	WIRE_NOT_PROVIDED,
	WIRE_BAD_AUTHORIZATION,
	WIRE_NO_USER_ID,
	WIRE_USER_NOT_FOUND,
	WIRE_USER_INACTIVE,
	WIRE_PASSWORD_CHANGED,
	WIRE_PASSWORD_CHANGED_REFRESH, /* the same for a refresh, without a code */
	/* Tokens; on a protected resource these are the messages of WIRE_GIVEN_TOKEN. */
	WIRE_TOKEN_INVALID,
	WIRE_TOKEN_EXPIRED,
	WIRE_TOKEN_NO_EXP,
	WIRE_TOKEN_NO_REFRESH_EXP,  /* {} is the claim */
	WIRE_TOKEN_REFRESH_EXPIRED, /* {} is the claim */
	WIRE_TOKEN_NO_ID,
	WIRE_TOKEN_NO_TYPE,
	WIRE_TOKEN_WRONG_TYPE,
	WIRE_TOKEN_BLACKLISTED,
	WIRE_GIVEN_TOKEN,
	WIRE_THROTTLED, /* 429 with Retry-After; {} is the seconds */
	/* Outages. */
	WIRE_UNAVAILABLE, /* 503 with Retry-After */
	/*
	 * OAuth, for clients (oidc/oauth.h); {} is the parameter. From here to the end, because
	 * wire_is_oauth() compares with the first one.
	 */
	WIRE_OAUTH_BODY,
	WIRE_OAUTH_MISSING,
	WIRE_OAUTH_REPEATED,
	WIRE_OAUTH_TOO_LONG,
	WIRE_OAUTH_TWO_WAYS, /* of authentication */
	WIRE_OAUTH_CLIENT,
	WIRE_OAUTH_THROTTLED, /* 429 with Retry-After; {} is the seconds */
	WIRE_OAUTH_GRANT_TYPE,
	WIRE_OAUTH_CODE,    /* an authorization code */
	WIRE_OAUTH_REFRESH, /* a refresh token */
	WIRE_OAUTH_SCOPE,
	WIRE_OAUTH_HEADER, /* malformed Authorization header */
	WIRE_OAUTH_TOKEN,  /* an access token */
	WIRE_OAUTH_SCOPE_MISSING,
	WIRE_LAST,
};

struct wire_text {
	const char *outcome; /* word for log and metrics; base/metrics.c lists it too */
	int status;
	const char *code;   /* NULL: the body has no code */
	const char *detail; /* {} is replaced by the argument */
};

const struct wire_text *wire_text(enum wire);
/* Whether the entry is OAuth's: its code is then `error` of RFC 6749 section 5.2. */
bool wire_is_oauth(enum wire);

/* WIRE_OK for a yes, WIRE_UNAVAILABLE for "could not decide". */
enum wire wire_of_verdict(enum verdict, enum wire no);

/* The sentence in that release of SimpleJWT; 5.2 words two of them differently. */
const char *wire_detail(enum wire, enum compat);

/* The reason phrase ("Not Found"); clients test it (statusText). */
const char *wire_reason(int status);
