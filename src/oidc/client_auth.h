/*
 * Authentication of clients (RFC 6749 section 2.3).
 *
 * A client with a secret sends it in a Basic header or in the body, whatever its row's auth_method;
 * a public client sends its client_id alone. An unknown client, one that is not active and a wrong
 * secret get the same answer. Wrong secrets count towards the rate limit.
 */
#pragma once

#include "accounts/clients.h"
#include "accounts/throttle.h"
#include "http/parameters.h"
#include "http/reply.h"

/*
 * Reads the parameters as oauth_parameters() does; the first two must be client_id and
 * client_secret. Returns status 0 with the client in *out, or the refusal: invalid_request for
 * header and body at once (but for the same client_id), 429 after too many wrong secrets, 503 in an
 * outage, else invalid_client. throttle: NULL for no rate limit.
 */
struct reply client_auth(struct request *, struct accounts *, struct throttle *,
    struct parameter *parameters, size_t count, struct client *out);

/* The same for a request about a token (RFC 7009 section 2.1, RFC 7662 section 2.1). */
struct reply client_auth_token(struct request *, struct accounts *, struct throttle *,
    struct client *client, struct bytes *token);
