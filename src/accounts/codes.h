/*
 * Authorization codes (RFC 6749 section 4.1.2): random, stored as their hash, good for one use.
 *
 * To redeem one: code_read(), judge the rest of the request, then code_redeem(), which decides and
 * begins the session of the client. An outage before leaves the code good.
 */
#pragma once

#include "accounts/accounts.h"
#include "accounts/sessions.h"

/* In the request's arena. */
struct code {
	const char *user_id;
	const char *scopes; /* separated by spaces */
	const char *nonce;  /* may be NULL */

	/* For code_create() alone. */
	const char *client_id, *redirect_uri;
	const char *code_challenge; /* may be NULL */
	const char *browser_sid;    /* of the browser's session */

	/* Of code_read() alone. */
	const char *hash;  /* of the code, as SQL writes bytes */
	const char *sid;   /* of the session that began when it was redeemed; NULL: it was not */
	int64_t auth_time; /* of the browser's session */
	/* Until when the code may be redeemed, JWT_DATABASE_TIMEOUT after code_read(): by
	 * PostgreSQL's clock (seconds since the epoch), and by this process's, which is no later
	 * (clock_milliseconds()). */
	const char *end_there;
	int64_t end_here;
};

/*
 * Stores a code, good for JWT_OIDC_CODE_LIFETIME, and notes that the browser's session was used;
 * *text is 43 characters of base64url. NO: that session is not there or over, or its user is not
 * active.
 */
enum verdict code_create(struct sessions *, struct arena *, const struct code *, const char **text);

/* What is presented to redeem a code. */
struct code_use {
	const char *client_id, *redirect_uri;
	const char *challenge; /* the code verifier's, made by S256; NULL without a verifier */
};

/*
 * NO: unknown, of another client or verifier, or neither redeemed nor good: expired, or for another
 * redirect URI. text: UTF-8 without NUL.
 *
 * Of a redeemed one that comes again the session has to be ended (RFC 6749 section 4.1.2).
 */
enum verdict code_read(
    struct sessions *, struct arena *, const char *text, const struct code_use *, struct code *out);

/*
 * Takes a code that code_read() found, and begins the session of the terms with their sid,
 * generation 1; of several at once one has YES. *seconds: until the session ends unless it is
 * refreshed. *owner: the user, who may log in.
 *
 * NO: redeemed with another sid, expired, the client or the user is not active, all of the user's
 * sessions were ended since the login, or the session would have ended by now.
 */
enum verdict code_redeem(struct sessions *, struct arena *, const struct code *,
    const struct session_terms *, struct account *owner, long *seconds);
