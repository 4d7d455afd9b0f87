/*
 * Finds a cookie in a request and judges the origin of the page that sent it (JWT_REFRESH_COOKIE).
 */
#pragma once

#include "http/request.h"

enum cookie_found {
	COOKIE_NONE,
	COOKIE_FOUND,
	COOKIE_REFUSED, /* present twice, or its value cannot be a token */
};

/*
 * Finds a cookie by name in a Cookie header (RFC 6265, section 4.2.1), which may be NULL. Its
 * value, a view into the header, is not empty and consists of A-Z a-z 0-9 . _ -. The other cookies
 * belong to other applications and are not checked.
 */
enum cookie_found cookie_find(const char *header, const char *name, struct bytes *out);

enum cookie_origin {
	COOKIE_ORIGIN_UNKNOWN, /* without such headers: the client is not a browser */
	COOKIE_ORIGIN_ALLOWED,
	COOKIE_ORIGIN_OTHER,
};

/*
 * Whether a page of an allowed origin sent the request: the same origin by Sec-Fetch-Site, or else
 * an Origin that is scheme://host or one of `allowed` (JWT_REFRESH_COOKIE_ORIGINS; may be NULL).
 */
enum cookie_origin cookie_judge_origin(const struct request *, const char *const *allowed);
