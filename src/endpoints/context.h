/*
 * What a program keeps between requests.
 */
#pragma once

#include "accounts/accounts.h"
#include "accounts/sessions.h"
#include "accounts/throttle.h"
#include "http/endpoint.h"
#include "signing/claims.h"

struct context {
	const struct config *config;
	struct keyring *keyring;
	struct accounts *accounts; /* NULL after context_open_keys() */
	struct sessions *sessions; /* NULL: JWT_SESSIONS is off */
	struct throttle *throttle; /* NULL: neither logins nor client secrets are rate-limited */
};

/*
 * Each of these is an endpoint's start(): it returns NULL after a line in the log, and does not
 * connect to the database yet.
 */

/*
 * Loads the keys (private ones only if the endpoint signs) and opens the accounts, the sessions
 * and, for an endpoint that verifies passwords (`slow`), the file of JWT_THROTTLE.
 */
struct context *context_open(const struct config *, const struct endpoint *);

/* Loads the keys only; the sandbox lets the process read their files again. */
struct context *context_open_keys(const struct config *, const struct endpoint *);

/*
 * As context_open(), for a program of OpenID Connect: fails without JWT_OIDC_ISSUER. With that
 * setting sessions are on, and there is an RSA key.
 */
struct context *context_open_oidc(const struct config *, const struct endpoint *);

/* As context_open_oidc(), for a program that authenticates clients: opens JWT_THROTTLE_FILE too. */
struct context *context_open_clients(const struct config *, const struct endpoint *);

/* As context_open_oidc(), for a program that answers with pages: reads their texts too. */
struct context *context_open_pages(const struct config *, const struct endpoint *);

/* An endpoint's check(): as accounts_check(). */
enum verdict context_check(struct context *, bool rights);

/* What the functions of signing/claims.h need, for this request. */
struct claims_context context_claims(const struct request *, const struct context *);
