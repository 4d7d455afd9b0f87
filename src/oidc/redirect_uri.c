#include "oidc/redirect_uri.h"

#include <string.h>

/* The text after ":" and one to five digits; the text itself if it does not begin so. */
static const char *
skip_port(const char *rest)
{
	size_t digits = *rest == ':' ? strspn(rest + 1, "0123456789") : 0;

	return digits == 0 || digits > 5 ? rest : rest + 1 + digits;
}

static bool
matches_but_for_port(const char *registered, const char *uri, const char *host)
{
	size_t length = strlen(host);

	return strncmp(registered, host, length) == 0 && strncmp(uri, host, length) == 0 &&
	       strcmp(skip_port(registered + length), skip_port(uri + length)) == 0;
}

bool
redirect_uri_matches(const char *registered, const char *uri, bool native)
{
	return strcmp(registered, uri) == 0 ||
	       (native && (matches_but_for_port(registered, uri, "http://127.0.0.1") ||
			      matches_but_for_port(registered, uri, "http://[::1]")));
}
