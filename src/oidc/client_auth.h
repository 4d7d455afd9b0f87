/*
 * Authentication of clients at the endpoints that they talk to (RFC 6749 section 2.3).
 *
 * A client with a secret sends it in a Basic header or in the body, whatever its row's auth_method;
 * a public client sends its client_id alone. An unknown client, one that is not active, and a wrong
 * secret have the same answer.
 */
#ifndef OIDC_CLIENT_AUTH_H
#define OIDC_CLIENT_AUTH_H

#include "accounts/clients.h"
#include "http/parameters.h"
#include "http/reply.h"

/*
 * Reads the parameters as oauth_parameters(). A reply with status 0 and the client in *out, or the
 * refusal: two ways at once are invalid_request, an outage is 503, all else is invalid_client. The
 * first parameters are client_id and client_secret; the same client_id may stand beside a header.
 */
struct reply client_auth(struct request *, struct accounts *, struct parameter *parameters,
    size_t count, struct client *out);

#endif
