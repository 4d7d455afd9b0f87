/*
 * Authentication of clients at the endpoints that they talk to (RFC 6749 section 2.3).
 *
 * A client with a secret sends it in a Basic header or in the body, whatever its row's auth_method;
 * a public client sends its client_id alone. An unknown client, one that is not active, and a wrong
 * secret have the same answer. Wrong secrets count for the rate limit.
 */
#pragma once

#include "accounts/clients.h"
#include "accounts/throttle.h"
#include "http/parameters.h"
#include "http/reply.h"

/*
 * Reads the parameters as oauth_parameters(). A reply with status 0 and the client in *out, or the
 * refusal: two ways at once are invalid_request, too many wrong secrets 429, an outage is 503, all
 * else is invalid_client. The first parameters are client_id and client_secret; the same client_id
 * may stand beside a header. throttle: NULL: there is no limit.
 */
struct reply client_auth(struct request *, struct accounts *, struct throttle *,
    struct parameter *parameters, size_t count, struct client *out);

/* The same where the client asks about a token (RFC 7009 section 2.1, RFC 7662 section 2.1). */
struct reply client_auth_token(struct request *, struct accounts *, struct throttle *,
    struct client *client, struct bytes *token);
