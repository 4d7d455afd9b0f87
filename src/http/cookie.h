/*
 * One cookie of a request, and where a request that carries it comes from (JWT_REFRESH_COOKIE).
 */
#pragma once

#include "base/bytes.h"

enum cookie_found {
	COOKIE_NONE,
	COOKIE_FOUND,
	COOKIE_REFUSED, /* there twice, or with a value that no token has */
};

/*
 * Finds a cookie by its name in a Cookie header (RFC 6265, section 4.2.1), which may be NULL. Its
 * value has one or more of A-Z a-z 0-9 . _ - and is in the header's memory. The other cookies are
 * other applications': they are not looked at.
 */
enum cookie_found cookie_find(const char *header, const char *name, struct bytes *out);

enum cookie_origin {
	COOKIE_ORIGIN_UNKNOWN, /* the client is no browser: it says nothing of the kind */
	COOKIE_ORIGIN_ALLOWED,
	COOKIE_ORIGIN_OTHER,
};

/* What a request says about its origin and about itself; each may be NULL. */
struct cookie_request {
	const char *fetch_site;    /* Sec-Fetch-Site */
	const char *origin;        /* Origin */
	const char *scheme, *host; /* "https" and the Host header: the request's own origin */
};

/*
 * Whether a page of an allowed origin sent the request: the same origin by Sec-Fetch-Site, or else
 * an Origin that is scheme://host or one of `allowed` (JWT_REFRESH_COOKIE_ORIGINS; may be NULL).
 */
enum cookie_origin cookie_judge_origin(const struct cookie_request *, const char *const *allowed);
