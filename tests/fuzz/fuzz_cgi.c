/*
 * The environment of a CGI process, its variables ended by NUL each, an empty one at its end, and
 * behind that the standard input: read like a FastCGI request of the same parameters.
 */
#include "fuzz_request.h"

#include "http/cgi.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VARIABLES_MAXIMUM 64

static char *variables[VARIABLES_MAXIMUM + 1];

/* Behind the variables. */
static struct bytes
fill_environment(struct arena *arena, struct bytes input)
{
	size_t count = 0;
	char *copy = arena_copy(arena, input.data, input.length);
	struct bytes rest = {copy, input.length};

	while (rest.length > 0 && count < VARIABLES_MAXIMUM) {
		size_t length = strlen(rest.data), used = length + (length < rest.length);

		if (length > 0)
			variables[count++] = copy + (rest.data - copy);
		rest = (struct bytes){rest.data + used, rest.length - used};
		if (length == 0)
			break;
	}
	variables[count] = NULL;
	return rest;
}

static void
fill_standard_input(struct bytes body)
{
	static bool opened;

	if (!opened)
		opened = dup2(memfd_create("body", MFD_CLOEXEC), STDIN_FILENO) == STDIN_FILENO;
	require(opened && ftruncate(STDIN_FILENO, 0) == 0);
	require(lseek(STDIN_FILENO, 0, SEEK_SET) == 0);
	require(pwrite(STDIN_FILENO, body.data, body.length, 0) == (ssize_t)body.length);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct request request = {.arena = arena, .config = fuzz_request_config()};
	char **before = environ;

	fill_standard_input(fill_environment(arena, (struct bytes){(const char *)data, size}));
	environ = variables;
	cgi_receive(&request, true);
	environ = before;
	/* main() takes it for CGI only if there is a method. */
	if (request.defect == WIRE_TOO_LARGE)
		return 0;
	check_request(&request);
	return 0;
}
