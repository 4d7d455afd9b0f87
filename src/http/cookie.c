#include "http/cookie.h"

#include <string.h>

#define TOKEN_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static bool
is_token(struct bytes text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] == '\0' || strchr(TOKEN_BYTES, text.data[i]) == NULL)
			return false;
	return text.length > 0;
}

enum cookie_found
cookie_find(const char *header, const char *name, struct bytes *out)
{
	struct bytes rest = bytes_of(header == NULL ? "" : header), pair, key;
	enum cookie_found found = COOKIE_NONE;
	bool more = true;

	*out = (struct bytes){NULL, 0};
	while (more) {
		more = bytes_cut(&rest, ";", &pair);
		pair = bytes_strip(pair);
		/* A text without '=' is the value of a cookie without a name. */
		if (!bytes_cut(&pair, "=", &key) || !bytes_equal(key, name))
			continue;
		if (found != COOKIE_NONE || !is_token(pair))
			return COOKIE_REFUSED;
		found = COOKIE_FOUND;
		*out = pair;
	}
	return found;
}

/* Whether an origin is scheme://host; false without a Host header. */
static bool
is_own(const char *origin, const char *scheme, const char *host)
{
	size_t length = strlen(scheme);

	return host != NULL && *host != '\0' && strncmp(origin, scheme, length) == 0 &&
	       strncmp(origin + length, "://", 3) == 0 && strcmp(origin + length + 3, host) == 0;
}

enum cookie_origin
cookie_judge_origin(const struct request *request, const char *const *allowed)
{
	if (request->fetch_site != NULL && strcmp(request->fetch_site, "same-origin") == 0)
		return COOKIE_ORIGIN_ALLOWED;
	if (request->origin == NULL)
		return request->fetch_site == NULL ? COOKIE_ORIGIN_UNKNOWN : COOKIE_ORIGIN_OTHER;
	if (is_own(
		request->origin, request->scheme == NULL ? "http" : request->scheme, request->host))
		return COOKIE_ORIGIN_ALLOWED;
	return bytes_among(bytes_of(request->origin), allowed) ? COOKIE_ORIGIN_ALLOWED
							       : COOKIE_ORIGIN_OTHER;
}
