/*
 * Every status, code and sentence that a client can see.
 *
 * Sentences are SimpleJWT's, Django REST framework's and our own few (marked in the table).
 * SimpleJWT 5.2 has other words for two of them.
 */
#pragma once

#include "config/config.h"

enum wire {
	WIRE_OK,
	/* The request itself. */
	WIRE_PARSE_ERROR,       /* 400, its sentence is made by the parser */
	WIRE_FIELD_ERRORS,      /* 400, a body of its own */
	WIRE_BAD_REQUEST,       /* 400, what the web server passed does not hold together */
	WIRE_ORIGIN,            /* 403, the refresh cookie from an origin that may not use it */
	WIRE_FORBIDDEN,         /* 403, the user lacks the permission */
	WIRE_NOT_FOUND,         /* 404 */
	WIRE_METHOD,            /* 405, {} is the method */
	WIRE_NOT_ACCEPTABLE,    /* 406 */
	WIRE_TOO_LARGE,         /* 413 */
	WIRE_MEDIA_TYPE,        /* 415, {} is the Content-Type */
	WIRE_HEADERS_TOO_LARGE, /* 431 */
	/* Credentials. */
	WIRE_NO_ACCOUNT,           /* obtain: whatever is wrong with name or password */
	WIRE_NO_ACCOUNT_FOR_TOKEN, /* refresh: the user is gone or inactive */
	WIRE_NOT_PROVIDED,
	WIRE_BAD_AUTHORIZATION,
	WIRE_NO_USER_ID,
	WIRE_USER_NOT_FOUND,
	WIRE_USER_INACTIVE,
	WIRE_PASSWORD_CHANGED,
	WIRE_PASSWORD_CHANGED_REFRESH, /* the same on refresh, without a code */
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
	/* OAuth, for clients (oidc/oauth.h); {} is the parameter. */
	WIRE_OAUTH_BODY,
	WIRE_OAUTH_MISSING,
	WIRE_OAUTH_REPEATED,
	WIRE_OAUTH_TOO_LONG,
	WIRE_OAUTH_TWO_WAYS, /* of authentication at once */
	WIRE_OAUTH_CLIENT,
	WIRE_OAUTH_THROTTLED, /* 429 with Retry-After; {} is the seconds */
	WIRE_OAUTH_GRANT_TYPE,
	WIRE_OAUTH_CODE,    /* an authorization code */
	WIRE_OAUTH_REFRESH, /* a refresh token */
	WIRE_OAUTH_SCOPE,
	WIRE_OAUTH_HEADER, /* an access token in a header of another form */
	WIRE_OAUTH_TOKEN,  /* an access token */
	WIRE_OAUTH_SCOPE_MISSING,
	WIRE_LAST,
};

struct wire_text {
	const char *outcome; /* the word in the log */
	int status;
	const char *code;   /* NULL: no such member */
	const char *detail; /* {} stands for one argument */
};

const struct wire_text *wire_text(enum wire);
/* Whether it is one of OAuth's, whose code is OAuth's `error` (RFC 6749 section 5.2). */
bool wire_is_oauth(enum wire);

/* The sentence, in that release's words. */
const char *wire_detail(enum wire, enum compat);

/* "Not Found" of 404; clients test it (statusText). */
const char *wire_reason(int status);
