/*
 * What a peer sends over one connection: fcgi_receive() ends with a request that holds together or
 * with none, and what follows from its parameters (negotiation, fields of the body) is decided.
 */
#include "http/endpoint.h"
#include "http/fcgi.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAXIMUM (32 * 1024) /* fits a socket's buffer */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without time nothing is waited for: all that will come is there already. */
static const struct config config = {
    .auth_header_name = "HTTP_AUTHORIZATION", .request_body_limit = 4096, .request_timeout = 0};
static const struct field fields[] = {
    {.name = "username"}, {.name = "password", .exact = true}, {0}};
static struct fcgi fcgi;

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static void
check_values(const struct request *request)
{
	for (size_t i = 0; fields[i].name != NULL; i++) {
		struct bytes value = request->values[i];

		require(value.length > 0 && memchr(value.data, '\0', value.length) == NULL);
	}
}

static void
check_request(struct request *request)
{
	struct bytes nothing = {"", 0};
	struct reply reply = {.status = 0};

	require(request->method != NULL || request->defect != WIRE_OK);
	require(request->body.length <= (size_t)config.request_body_limit);
	if (request->defect != WIRE_OK)
		return;
	request_negotiate(request);
	if (request_fields(request, fields, &reply))
		check_values(request);
	else
		require(reply.status >= 400 && reply.status < 500);
	fcgi_answer(&fcgi, request->arena, reply.body, nothing);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct request request = {.arena = arena, .config = &config};
	int pair[2];

	if (size > INPUT_MAXIMUM)
		size = INPUT_MAXIMUM;
	require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	require(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	require(size == 0 || write(pair[1], data, size) == (ssize_t)size);
	shutdown(pair[1], SHUT_WR);
	if (fcgi_receive(&fcgi, pair[0], &request))
		check_request(&request);
	fcgi_end(&fcgi);
	if (fcgi.keep)
		close(pair[0]);
	close(pair[1]);
	arena_free(arena);
	return 0;
}
