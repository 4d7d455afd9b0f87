/*
 * The refresh token in a cookie that no script can read (JWT_REFRESH_COOKIE), and in no body.
 * Browsers send a cookie with requests of other sites' pages too, so the request's origin is
 * judged.
 */
#pragma once

#include "endpoints/context.h"

/*
 * An endpoint's admit(): refuses with 403 a request of a page whose origin may not use the cookie,
 * even one without the cookie: such a page must not log the browser in either. Without the cookie
 * mode every request is admitted.
 */
struct reply refresh_cookie_admit(struct request *, struct context *);

/*
 * Finds the refresh token of a request: the value of the first field or, if the body has none, of
 * the cookie; then *from_cookie is true. Returns status 0; 400 if there is no token or it cannot be
 * read; or 403 if the token is in the cookie and the browser does not say that the page is of an
 * allowed origin. The token is in the request's arena.
 */
struct reply refresh_cookie_token(struct request *, struct bytes *token, bool *from_cookie);

/* Sets the cookie, until the token's exp. To be called in the cookie mode only. */
void refresh_cookie_set(
    struct request *, struct reply *, struct json_object *refresh, const char *refresh_token);

/* Deletes the cookie; does nothing without the cookie mode. */
void refresh_cookie_clear(struct request *, struct reply *);
