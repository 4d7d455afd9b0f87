/*
 * What the programs that read tokens keep between requests.
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
	struct accounts *accounts;
	struct sessions *sessions; /* NULL: JWT_SESSIONS is off */
	struct throttle *throttle; /* NULL: neither logins nor secrets of clients are limited */
};

/*
 * For an endpoint's start: keys loaded, private ones only if the endpoint signs; the database is
 * not connected yet. NULL after a line in the log.
 */
struct context *context_open(const struct config *, const struct endpoint *);

/*
 * The same for a program of OpenID Connect: NULL also where JWT_OIDC_ISSUER is not set. With it
 * there are sessions and an RSA key.
 */
struct context *context_open_oidc(const struct config *, const struct endpoint *);

/* The same for a program that authenticates clients: with what JWT_THROTTLE needs. */
struct context *context_open_clients(const struct config *, const struct endpoint *);

/* Adds what JWT_THROTTLE needs to a context. NULL: there was none, or after a line in the log. */
struct context *context_limit(struct context *);

/* The same for a program that answers with pages: NULL also if their words cannot be read. */
struct context *context_open_pages(const struct config *, const struct endpoint *);

/* For an endpoint's check(): as accounts_check(). */
enum verdict context_check(struct context *, bool rights);

/* What signing needs for this request. */
struct claims_context context_claims(const struct request *, const struct context *);
