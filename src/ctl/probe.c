#include "ctl/probe.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAXIMUM (64 * 1024)

struct address {
	const char *host, *port, *prefix; /* the prefix without a slash at its end */
};

/* http://HOST[:PORT][/PATH], HOST perhaps in brackets. */
static bool
parse_url(struct arena *arena, const char *url, struct address *out)
{
	static const char scheme[] = "http://";
	char *host, *path, *port;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return false;
	host = arena_copy(arena, url + sizeof(scheme) - 1, strlen(url) - sizeof(scheme) + 1);
	path = host + strcspn(host, "/");
	out->prefix = arena_copy(arena, path, strlen(path));
	while (*out->prefix != '\0' && out->prefix[strlen(out->prefix) - 1] == '/')
		out->prefix = arena_copy(arena, out->prefix, strlen(out->prefix) - 1);
	*path = '\0';
	out->port = "80";
	port = *host == '[' ? strstr(host, "]:") : strchr(host, ':');
	if (port != NULL) {
		out->port = port + (*port == ']' ? 2 : 1);
		*port = '\0';
	}
	out->host = *host == '[' ? host + 1 : host;
	return *out->host != '\0';
}

static int
open_connection(const struct address *address, const char **why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const struct timeval patience = {.tv_sec = 5};
	struct addrinfo *found = NULL;
	int connection = -1, failed = getaddrinfo(address->host, address->port, &hints, &found);

	if (failed != 0)
		*why = gai_strerror(failed);
	for (struct addrinfo *at = found; at != NULL && connection < 0; at = at->ai_next) {
		connection = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(connection, at->ai_addr, at->ai_addrlen) == 0)
			break;
		*why = strerror(errno);
		close(connection);
		connection = -1;
	}
	if (found != NULL)
		freeaddrinfo(found);
	return connection;
}

static struct bytes
exchange(struct arena *arena, int connection, struct bytes request)
{
	char *answer = arena_alloc(arena, ANSWER_MAXIMUM + 1);
	size_t length = 0;
	ssize_t got = send(connection, request.data, request.length, MSG_NOSIGNAL);

	while (got > 0 && length < ANSWER_MAXIMUM) {
		got = recv(connection, answer + length, ANSWER_MAXIMUM - length, 0);
		length += got > 0 ? (size_t)got : 0;
	}
	return (struct bytes){answer, length};
}

static void
parse_answer(struct arena *arena, const char *answer, struct probe *out)
{
	const char *end = strstr(answer, "\r\n\r\n"), *server = strcasestr(answer, "\r\nserver:");

	if (strncmp(answer, "HTTP/1.", 7) != 0 || end == NULL) {
		out->why = "this is no HTTP";
		return;
	}
	out->status = atoi(answer + strcspn(answer, " "));
	out->body = end + 4;
	if (server != NULL && server < end) {
		server += strlen("\r\nserver:");
		server += strspn(server, " ");
		out->server = arena_copy(arena, server, strcspn(server, "\r"));
	}
}

struct probe
probe_send(struct arena *arena, const char *url, const char *method, const char *path,
    const char *headers, const char *body)
{
	struct probe probe = {.status = 0, .server = "", .body = "", .why = "it has not answered"};
	struct buffer request = {.arena = arena};
	struct address address;
	int connection;

	if (!parse_url(arena, url, &address)) {
		probe.why = "only http://HOST[:PORT][/PATH] can be asked";
		return probe;
	}
	connection = open_connection(&address, &probe.why);
	if (connection < 0)
		return probe;
	buffer_printf(&request, "%s %s%s HTTP/1.0\r\nHost: %s\r\n%s", method, address.prefix, path,
	    address.host, headers);
	if (body != NULL)
		buffer_printf(&request, "Content-Length: %zu\r\n", strlen(body));
	buffer_printf(&request, "\r\n%s", body == NULL ? "" : body);
	parse_answer(arena, exchange(arena, connection, buffer_bytes(&request)).data, &probe);
	close(connection);
	return probe;
}
