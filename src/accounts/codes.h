/*
 * Authorization codes (RFC 6749 section 4.1.2): random, stored as a hash, valid once.
 *
 * To redeem a code: call code_read(), check the rest of the request, then call code_redeem(), which
 * decides and begins the client's session. An outage before that leaves the code valid.
 */
#pragma once

#include "accounts/accounts.h"
#include "accounts/sessions.h"

/* In the request's arena. */
struct code {
	const char *user_id;
	const char *scopes; /* separated by spaces */
	const char *nonce;  /* may be NULL */

	/* Only for code_create(). */
	const char *client_id, *redirect_uri;
	const char *code_challenge; /* may be NULL */
	const char *browser_sid;    /* of the browser's session */

	/* Only from code_read(). */
	const char *hash;  /* of the code, in SQL's notation for bytes */
	const char *sid;   /* of the session that its redemption began; NULL: not redeemed */
	int64_t auth_time; /* of the browser's session */
	/* When the time to redeem the code ends, JWT_DATABASE_TIMEOUT after code_read(): by
	 * PostgreSQL's clock (seconds since the epoch), and by this process's
	 * (clock_milliseconds()), where it is no later. */
	const char *end_there;
	int64_t end_here;
};

/*
 * Stores a code, valid for JWT_OIDC_CODE_LIFETIME, and notes that the browser's session was used.
 * *text: 43 characters of base64url. NO: the session is missing or over, or its user is inactive.
 */
enum verdict code_create(struct sessions *, struct arena *, const struct code *, const char **text);

/* What a client sends to redeem a code. */
struct code_use {
	const char *client_id, *redirect_uri;
	const char *challenge; /* made by S256 of the code verifier; NULL without a verifier */
};

/*
 * NO: the code is unknown, or of another client or verifier; or it was not redeemed, and is expired
 * or for another redirect URI. text: UTF-8 without NUL.
 *
 * If it was redeemed before (out->sid), the caller must end that session (RFC 6749 section 4.1.2).
 */
enum verdict code_read(
    struct sessions *, struct arena *, const char *text, const struct code_use *, struct code *out);

/*
 * Redeems a code that code_read() found, and begins a session by the terms, with their sid and
 * generation 1. Of several calls at once, one returns YES. *seconds: until the session ends unless
 * it is refreshed. *owner: the user, who may log in.
 *
 * NO: the code was redeemed with another sid or is expired, the client or the user is inactive, all
 * of the user's sessions were ended since the login, or the session would be over already.
 */
enum verdict code_redeem(struct sessions *, struct arena *, const struct code *,
    const struct session_terms *, struct account *owner, long *seconds);
