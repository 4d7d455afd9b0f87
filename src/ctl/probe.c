#include "ctl/probe.h"

#include "ctl/channel.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAXIMUM (64 * 1024)

struct address {
	const char *host, *port, *prefix; /* the prefix without a slash at its end */
	bool with_tls;
};

/* http://HOST[:PORT][/PATH] or https://, HOST perhaps in brackets. */
static bool
parse_url(struct arena *arena, const char *url, struct address *out)
{
	const char *rest = strstr(url, "://");
	char *host, *path, *port;

	out->with_tls = strncmp(url, "https:", 6) == 0;
	if (rest == NULL || (!out->with_tls && strncmp(url, "http:", 5) != 0))
		return false;
	host = arena_copy(arena, rest + 3, strlen(rest + 3));
	path = host + strcspn(host, "/");
	out->prefix = arena_copy(arena, path, strlen(path));
	while (*out->prefix != '\0' && out->prefix[strlen(out->prefix) - 1] == '/')
		out->prefix = arena_copy(arena, out->prefix, strlen(out->prefix) - 1);
	*path = '\0';
	out->port = out->with_tls ? "443" : "80";
	port = *host == '[' ? strstr(host, "]:") : strchr(host, ':');
	if (port != NULL) {
		out->port = port + (*port == ']' ? 2 : 1);
		*port = '\0';
	}
	out->host = *host == '[' ? host + 1 : host;
	return *out->host != '\0';
}

static const char *
exchange(struct arena *arena, BIO *connection, struct bytes request)
{
	char *answer = arena_alloc(arena, ANSWER_MAXIMUM + 1);
	int length = 0, got = BIO_write(connection, request.data, (int)request.length);

	while (got > 0 && length < ANSWER_MAXIMUM) {
		got = BIO_read(connection, answer + length, ANSWER_MAXIMUM - length);
		length += got > 0 ? got : 0;
	}
	return answer;
}

static void
parse_answer(struct arena *arena, const char *answer, struct probe *out)
{
	const char *end = strstr(answer, "\r\n\r\n"), *server = strcasestr(answer, "\r\nserver:");

	if (strncmp(answer, "HTTP/1.", 7) != 0 || end == NULL) {
		out->why = *answer == '\0' ? "it has not answered" : "this is no HTTP";
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
	struct probe probe = {.status = 0, .server = "", .body = ""};
	struct buffer request = {.arena = arena};
	struct trouble trouble;
	struct address address;
	BIO *connection;

	if (!parse_url(arena, url, &address)) {
		probe.why = "only http:// and https:// can be asked";
		probe.mend = "--url http://HOST[:PORT][/PATH]";
		return probe;
	}
	connection = channel_open(address.host, address.port, address.with_tls, &trouble);
	probe.why = trouble.why;
	probe.mend = trouble.mend;
	if (connection == NULL)
		return probe;
	buffer_printf(&request, "%s %s%s HTTP/1.0\r\nHost: %s\r\n%s", method, address.prefix, path,
	    address.host, headers);
	if (body != NULL)
		buffer_printf(&request, "Content-Length: %zu\r\n", strlen(body));
	buffer_printf(&request, "\r\n%s", body == NULL ? "" : body);
	parse_answer(arena, exchange(arena, connection, buffer_bytes(&request)), &probe);
	BIO_free_all(connection);
	return probe;
}
