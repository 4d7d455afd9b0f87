/*
 * The tokens of OpenID Connect.
 *
 * An ID token has no token_type; it is for the client itself (OpenID Connect Core 1.0 section 2).
 * An access token has token_type "access", the header typ "at+jwt", SimpleJWT's claims and those of
 * RFC 9068. A refresh token has token_type "oauth_refresh" and is for /oauth/token only.
 *
 * Access and refresh tokens name the session of the login at the client (sid, gen); when it ends,
 * they end.
 */
#pragma once

#include "accounts/accounts.h"
#include "accounts/sessions.h"
#include "signing/claims.h"

#define TOKENS_REFRESH_TYPE "oauth_refresh"

/* What the tokens of a login at a client are made from. */
struct token_grant {
	const struct account *owner;
	const struct session *session; /* its `seconds` limit all lifetimes but the ID token's */
	const char *client_id;
	const char *audience;     /* of access tokens; NULL: JWT_OIDC_AUDIENCE */
	const char *id_token_alg; /* such as "RS256" */
	const char *scopes;       /* granted at the login, separated by spaces */
	const char *scope;        /* of the access token: the same or fewer */
	const char *nonce;        /* of the authorization request; NULL: none, or after a refresh */
	int64_t auth_time;        /* when the password was verified, seconds */
};

/*
 * The answer of the token endpoint (RFC 6749 section 5.1): an access token, an ID token if its
 * scope has openid, and a refresh token if offline_access was granted. NULL if no active key can
 * sign or OpenSSL fails.
 */
struct json_object *tokens_answer(const struct claims_context *, const struct token_grant *);

/* Whether there are active keys to sign all of these tokens. */
bool tokens_can_sign(const struct claims_context *, const struct token_grant *);

/*
 * The code_challenge of a code_verifier by S256 (RFC 7636 section 4.6). NULL for NULL; "", which no
 * code has as its challenge, for a verifier that is not of the form of section 4.1.
 */
const char *tokens_challenge(struct arena *, const char *verifier);

/* As claims_read(), but without JWT_AUDIENCE: the provider reads its tokens for any audience. */
enum claims_fault tokens_read(
    const struct claims_context *, struct bytes token, struct json_object **out);

/* What an access or refresh token of a client says. */
struct client_token {
	struct json_object *claims;
	bool refresh; /* else it is an access token */
	const char *client_id, *user_id, *scope;
	int64_t auth_time;
};

/* Reads such a token. false: it is none, invalid or expired. Its session is not judged. */
bool tokens_of_client(const struct claims_context *, struct bytes token, struct client_token *out);

/* The same of claims that tokens_read() has found good. */
bool tokens_describe(
    const struct claims_context *, struct json_object *claims, struct client_token *out);

/* What a valid id_token_hint says. */
struct token_hint {
	const char *client_id; /* aud */
	const char *user_id;   /* sub: the user id as text */
};

/*
 * Judges an id_token_hint: one of our keys signed it, iss is JWT_OIDC_ISSUER, and it is an ID
 * token. It may have expired (OpenID Connect RP-Initiated Logout 1.0 section 4). text: from the
 * client, may be NULL. false: not valid; *out is not written.
 */
bool tokens_hint(const struct claims_context *, const char *text, struct token_hint *out);
