/*
 * Parameters, answers and errors of the OAuth endpoints for clients. Answers are JSON that no cache
 * keeps (RFC 6749 section 5).
 *
 * The errors are rows of the table of http/wire.h: a row's code is OAuth's `error`, its detail the
 * error_description. What http/ itself refuses is invalid_request; an outage is
 * temporarily_unavailable.
 */
#pragma once

#include "http/parameters.h"
#include "http/reply.h"

/* Whether JWT_OIDC_ISSUER is set; false after a line in the log. */
bool oauth_is_on(const struct config *);

/*
 * The maximum of a parameter that is a token, in bytes: more than the default limit of a body, so
 * that a long text is refused as a bad token and not as too long.
 */
#define OAUTH_TOKEN_MAXIMUM (1 << 20)

/* An endpoint's refuse(): {"error":…}. A 401 has a challenge of the scheme Basic. */
struct reply oauth_refuse(struct request *, enum wire, const char *argument);

/* The same for a protected resource, with the challenge Bearer of RFC 6750 section 3. */
struct reply oauth_refuse_bearer(struct request *, enum wire, const char *argument);

/* The URL of one of our endpoints: the issuer, without a slash at its end, and the path. */
const char *oauth_url(struct arena *, const struct config *, const char *path);

/* 200 with a JSON object. */
struct reply oauth_answer(struct request *, struct json_object *);

/* 200 without a body. outcome: the word for the log. */
struct reply oauth_empty(struct request *, const char *outcome);

/*
 * Reads the known parameters of the body, not those of the query. Returns status 0, or the refusal
 * if one is repeated or too long or the body is not urlencoded.
 */
struct reply oauth_parameters(struct request *, struct parameter *known, size_t count);
