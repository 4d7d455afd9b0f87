/*
 * The Cookie header, and where a request comes from: the lines of the input are Sec-Fetch-Site,
 * Origin, the scheme, the Host header and the Cookie header; a line "-" stands for none.
 */
#include "fuzz.h"

#include "base/bytes.h"
#include "http/cookie.h"

#define NAME "__Host-jwt_refresh"

static const char *
next_line(char **rest)
{
	const char *line = *rest == NULL ? NULL : strsep(rest, "\n");

	return line == NULL || strcmp(line, "-") == 0 ? NULL : line;
}

static void
check_cookie(const char *header)
{
	struct bytes value;
	enum cookie_found found = cookie_find(header, NAME, &value);

	if (found == COOKIE_NONE)
		return;
	require(header != NULL && strstr(header, NAME "=") != NULL);
	if (found == COOKIE_REFUSED)
		return;
	require(value.length > 0 && memchr(value.data, ';', value.length) == NULL);
	require(value.data >= header + strlen(NAME "=") &&
		value.data + value.length <= header + strlen(header));
	require(memcmp(value.data - strlen(NAME "="), NAME "=", strlen(NAME "=")) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const allowed[] = {"https://app.example.org", NULL};
	char *rest = arena_copy(fuzz_arena(), data, size);
	struct request request = {.arena = NULL};
	enum cookie_origin judged;

	request.fetch_site = next_line(&rest);
	request.origin = next_line(&rest);
	request.scheme = next_line(&rest);
	request.host = next_line(&rest);
	judged = cookie_judge_origin(&request, allowed);
	require((judged == COOKIE_ORIGIN_UNKNOWN) ==
		(request.fetch_site == NULL && request.origin == NULL));
	if (judged == COOKIE_ORIGIN_ALLOWED && request.origin != NULL &&
	    (request.fetch_site == NULL || strcmp(request.fetch_site, "same-origin") != 0))
		require(strcmp(request.origin, *allowed) == 0 ||
			(request.host != NULL && strstr(request.origin, request.host) != NULL));
	check_cookie(rest);
	return 0;
}
