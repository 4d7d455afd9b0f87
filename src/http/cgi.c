#include "http/cgi.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static struct bytes
read_body(struct request *request, size_t length)
{
	char *body = arena_alloc(request->arena, length);
	int64_t deadline = clock_milliseconds() + request->config->request_timeout * 1000;
	size_t have = 0;

	while (have < length && clock_milliseconds() < deadline) {
		struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
		ssize_t got;

		if (poll(&input, 1, 1000) <= 0)
			continue;
		got = read(STDIN_FILENO, body + have, length - have);
		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			break;
		have += got > 0 ? (size_t)got : 0;
	}
	return (struct bytes){body, have};
}

void
cgi_receive(struct request *request, bool with_body)
{
	long length, limit = request->config->request_body_limit;

	request_parameters(request, environ);
	length = request->content_length == NULL ? 0 : strtol(request->content_length, NULL, 10);
	if (request_is_chunked(request))
		length = limit + 1;
	if (with_body && length > 0 && length <= limit + 1)
		request->body = read_body(request, (size_t)length);
	if (request->body.length > (size_t)limit)
		request->defect = WIRE_TOO_LARGE;
	request_complete(request);
}

void
cgi_answer(const struct service *service)
{
	struct request request = {
	    .arena = service->arena, .config = service->config, .now = clock_seconds()};
	struct bytes head, body;

	cgi_receive(&request, service->endpoint->decide == NULL);
	handle(service, &request, &head, &body);
	if (!file_write_all(STDOUT_FILENO, head) || !file_write_all(STDOUT_FILENO, body))
		log_warning("the client closed the connection before the response was sent");
	arena_reset(service->arena);
}
