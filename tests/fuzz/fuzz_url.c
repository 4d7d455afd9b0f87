/*
 * DATABASE_URL: refused, or libpq's variables are set of it and of nothing else.
 */
#include "fuzz.h"

#include "db/url.h"

#include <string.h>
#include <unistd.h>

static char *nothing[1];

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *url = arena_copy(fuzz_arena(), data, size);
	struct url_options rest;

	environ = nothing;
	url_read("JWT_DATABASE_URL", url, &rest);
	for (char **variable = environ; *variable != NULL; variable++)
		require(strncmp(*variable, "PG", 2) == 0);
	return 0;
}
