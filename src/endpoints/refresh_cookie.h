/*
 * The refresh token in a cookie that no script can read (JWT_REFRESH_COOKIE): then it is in no
 * body. Browsers send a cookie with requests that other sites' pages make, so its origin is judged.
 */
#pragma once

#include "endpoints/context.h"

/*
 * An endpoint's admit(): refuses with 403 what a page of an origin that may not use the cookie
 * sends, also without a cookie, because it must not log a browser in either. Without the cookie
 * mode every request may go on.
 */
struct reply refresh_cookie_admit(struct request *, struct context *);

/*
 * The refresh token of a request: the first field's value, or that of the cookie where the body has
 * none; then *from_cookie is true. A reply with status 0, or 400 or 403: there is no token, it
 * cannot be read, or the client does not say that its page is of an allowed origin. The token is in
 * the request's arena.
 */
struct reply refresh_cookie_token(struct request *, struct bytes *token, bool *from_cookie);

/*
 * Puts a refresh token into the cookie for as long as it is valid by its claims. Only in the cookie
 * mode.
 */
void refresh_cookie_set(
    struct request *, struct reply *, struct json_object *refresh, const char *refresh_token);

/* Lets the browser forget the cookie. Without the cookie mode nothing is done. */
void refresh_cookie_clear(struct request *, struct reply *);
