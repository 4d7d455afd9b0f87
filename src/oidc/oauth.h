/*
 * The endpoints that clients of OAuth talk to: their parameters, answers and errors. All answers
 * are JSON that no cache keeps (RFC 6749 section 5).
 *
 * The sentences stand in the table of http/wire.h beside all others that a client can see: the code
 * of a row is OAuth's `error`, its detail the error_description. What http/ refuses by itself is
 * invalid_request, an outage is temporarily_unavailable.
 */
#pragma once

#include "http/parameters.h"
#include "http/reply.h"

/* Whether JWT_OIDC_ISSUER is set; false after a line in the log. */
bool oauth_is_on(const struct config *);

/*
 * The maximum of a parameter that is a token, in bytes: above the default limit of a body, so that
 * a long text is judged as a bad token.
 */
#define OAUTH_TOKEN_MAXIMUM (1 << 20)

/* For an endpoint's member `refuse`: {"error":…}. A 401 has a challenge of the scheme Basic. */
struct reply oauth_refuse(struct request *, enum wire, const char *argument);

/* The same for a resource that wants an access token: with a challenge of RFC 6750 section 3. */
struct reply oauth_refuse_bearer(struct request *, enum wire, const char *argument);

/* The URL of one of our endpoints: the issuer, whose last slash does not count, and a path. */
const char *oauth_url(struct arena *, const struct config *, const char *path);

/* 200 with a JSON object. */
struct reply oauth_answer(struct request *, struct json_object *);

/* 200 without a body. outcome: the word for the log. */
struct reply oauth_empty(struct request *, const char *outcome);

/*
 * Reads parameters of the body; those of the query do not count. A reply with status 0, or the
 * refusal: one is there twice or too long, or the body is not in that form.
 */
struct reply oauth_parameters(struct request *, struct parameter *known, size_t count);
