/*
 * Authorization codes (RFC 6749 section 4.1.2): random, stored as their hash, good for one use.
 *
 * To redeem one: code_read(), judge the request, sign the tokens, then code_redeem(), which decides
 * and begins the session of the client. An outage before leaves the code good.
 */
#pragma once

#include "accounts/sessions.h"

/* In the request's arena. */
struct code {
	const char *client_id, *user_id;
	const char *scopes; /* separated by spaces */
	const char *redirect_uri;
	const char *code_challenge, *nonce; /* may be NULL */
	const char *browser_sid;            /* of the browser's session */
	int64_t auth_time;                  /* of that session; code_create() does not read it */
	bool redeemed;                      /* before; code_create() does not read it */
};

/*
 * Stores a code, good for JWT_OIDC_CODE_LIFETIME, and notes that the browser's session was used;
 * *text is 43 characters of base64url. NO: that session is not there or over, or its user or the
 * client is not active.
 */
enum verdict code_create(struct sessions *, struct arena *, const struct code *, const char **text);

/* NO: unknown, or expired and not redeemed. text: UTF-8 without NUL. */
enum verdict code_read(struct sessions *, struct arena *, const char *text, struct code *out);

/* What is presented to redeem a code, and the session that it begins. */
struct code_use {
	const char *redirect_uri;
	const char *challenge; /* the code verifier's, made by S256; NULL without a verifier */
	const char *sid;       /* of session_new_id() */
};

/*
 * Takes a code that code_read() found, for the client of the terms, and begins the session of that
 * id, generation 1; of several at once one has YES. *seconds: until the session ends unless it is
 * refreshed.
 *
 * NO: redeemed before, expired, of another client, redirect URI or verifier, the user is inactive,
 * or all of the user's sessions were ended since the login. If it was redeemed before and client
 * and verifier are right, the session that it began is ended (RFC 6749 section 4.1.2).
 */
enum verdict code_redeem(struct sessions *, struct arena *, const char *text, const struct code *,
    const struct code_use *, const struct session_terms *, long *seconds);
