/*
 * The answer to an authorization request (RFC 6749 section 4.1.2): a redirect with 303 or, with
 * response_mode=form_post, a page whose form posts the same parameters. It has the request's state
 * and iss (RFC 9207); no cache keeps it, and no Referer header has its URL.
 */
#pragma once

#include "accounts/codes.h"
#include "http/reply.h"
#include "oidc/authorization.h"

/*
 * Redirects to the URI, with the parameters that have a value added to its query. uri: printable
 * ASCII without a fragment. The status is 303, because 307 would post the password to the client
 * (RFC 9700 section 4.12).
 */
struct reply answer_redirect(
    struct request *, const char *outcome, const char *uri, const struct parameter *, size_t count);

/*
 * Answers a POST with a redirect to the same request as GET, because a browser does not send the
 * session's cookie (SameSite=Lax) with a POST from another site. path: ours, such as
 * "/oauth/authorize". parameters: only known ones, because others, such as a password, must not be
 * in a URL. 413 if the URL is too long.
 */
struct reply answer_again(
    struct request *, const char *path, const struct parameter *, size_t count);

/* Answers the client with the authorization's error and description. */
struct reply answer_error(struct request *, const struct authorization *);

/*
 * Makes a code for the user of the browser's session. YES: *out is the answer with it. NO: the
 * session has ended. UNDECIDED: an outage.
 */
enum verdict answer_code(struct request *, struct sessions *, const struct authorization *,
    const struct provider_session *, struct reply *out);
