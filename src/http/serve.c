#include "http/cgi.h"
#include "http/endpoint.h"
#include "http/fcgi.h"
#include "http/indent.h"
#include "http/listener.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sandbox.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RETRY_AFTER "1"

/* How this process was started: what stands behind standard input. */
enum door { DOOR_FCGI, DOOR_CGI, DOOR_NONE };

static bool
is_method(const struct request *request, const char *method)
{
	return strcmp(request->method, method) == 0;
}

/* Whether the endpoint's Allow header lists the request's method. */
static bool
is_allowed(const struct endpoint *endpoint, const struct request *request)
{
	size_t length = strlen(request->method);
	const char *at = strstr(endpoint->allow, request->method);

	return length > 0 && at != NULL && (at == endpoint->allow || at[-1] == ' ') &&
	       (at[length] == ',' || at[length] == '\0');
}

/* DRF's order: what is accepted, who asks, the method, and only then the body. */
static struct reply
judge(const struct endpoint *endpoint, struct request *request, struct context *context)
{
	struct reply reply = {.status = 0};
	enum wire negotiated;

	if (endpoint->decide != NULL)
		return endpoint->decide(request, context);
	if (request->method == NULL || request->defect == WIRE_BAD_REQUEST ||
	    request->defect == WIRE_HEADERS_TOO_LARGE)
		return reply_refuse(request,
		    request->defect == WIRE_HEADERS_TOO_LARGE ? request->defect : WIRE_BAD_REQUEST,
		    NULL);
	negotiated = endpoint->one_form ? WIRE_OK : request_negotiate(request);
	if (negotiated != WIRE_OK)
		return reply_refuse(request, negotiated, NULL);
	if (endpoint->admit != NULL)
		reply = endpoint->admit(request, context);
	if (reply.status != 0)
		return reply;
	if (!is_allowed(endpoint, request))
		return reply_refuse(request, WIRE_METHOD, request->method);
	if (is_method(request, "OPTIONS"))
		return reply_options(request, endpoint);
	if (endpoint->fields[0].name != NULL) {
		if (request->defect != WIRE_OK)
			return reply_refuse(request, request->defect, NULL);
		if (!request_fields(request, endpoint->fields, &reply))
			return reply;
	}
	return endpoint->answer(request, context);
}

static void
put_header(struct buffer *head, const char *name, const char *value)
{
	buffer_puts(head, name);
	buffer_puts(head, ": ");
	buffer_puts(head, value);
	buffer_puts(head, "\r\n");
}

/* The headers that Django, its security middleware and DRF set, and our Cache-Control. */
static struct bytes
write_head(
    const struct endpoint *endpoint, const struct request *request, const struct reply *reply)
{
	const struct config *config = request->config;
	struct buffer head = {.arena = request->arena};

	buffer_printf(&head, "Status: %d ", reply->status);
	buffer_puts(&head, wire_reason(reply->status));
	buffer_puts(&head, "\r\n");
	if (reply->status != 204 && reply->status != 304 && reply->body.length > 0)
		put_header(
		    &head, "Content-Type", reply->type == NULL ? "application/json" : reply->type);
	if (reply->status != 204 && reply->status != 304)
		buffer_printf(&head, "Content-Length: %zu\r\n", reply->body.length);
	if (reply->status == 401)
		buffer_printf(
		    &head, "WWW-Authenticate: %s realm=\"api\"\r\n", config->auth_header_types[0]);
	if (reply->status == 503)
		buffer_puts(&head, "Retry-After: " RETRY_AFTER "\r\n");
	if (endpoint->allow != NULL && !config->json_only && !endpoint->one_form)
		buffer_puts(&head, "Vary: Accept\r\n");
	if (endpoint->allow != NULL)
		put_header(&head, "Allow", endpoint->allow);
	buffer_puts(&head, "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n"
			   "Referrer-Policy: same-origin\r\n");
	if (config->compat != COMPAT_5_2)
		buffer_puts(&head, "Cross-Origin-Opener-Policy: same-origin\r\n");
	if (reply->headers != NULL)
		buffer_puts(&head, reply->headers);
	put_header(&head, "Cache-Control", reply->cache == NULL ? "no-store" : reply->cache);
	buffer_puts(&head, "\r\n");
	return buffer_bytes(&head);
}

/* One line for each request, with nothing of the client in it but quoted. */
static void
log_request(const struct request *request, const struct reply *reply, int64_t took)
{
	const struct log_field fields[] = {{"method", .text = request->method},
	    {"status", FIELD_NUMBER, .number = reply->status}, {"outcome", .text = reply->outcome},
	    {"user", .text = request->user}, {"from", .text = request->remote_address},
	    {"ms", FIELD_THOUSANDTHS, .number = took}, {.name = NULL}};

	log_event(reply->status < 500 ? LEVEL_INFO : LEVEL_WARNING, "request", fields);
}

/* From a request that was read to head and body of its answer. */
static void
handle(const struct endpoint *endpoint, struct request *request, struct context *context,
    struct bytes *head, struct bytes *body)
{
	int64_t begun = clock_microseconds(), took;
	struct reply reply;

	request->now = time(NULL);
	reply = judge(endpoint, request, context);
	if (request->indent > 0)
		reply.body = json_indent(request->arena, reply.body, request->indent);
	*head = write_head(endpoint, request, &reply);
	*body = reply.body;
	if (request->method != NULL && is_method(request, "HEAD"))
		body->length = 0;
	took = clock_microseconds() - begun;
	metrics_request(reply.status, reply.outcome, took);
	log_request(request, &reply, took);
}

static void
serve_cgi(const struct endpoint *endpoint, const struct config *config, struct context *context)
{
	struct arena *arena = arena_new();
	struct request request = {
	    .arena = arena, .config = config, .body_ignored = endpoint->decide != NULL};
	struct bytes head, body;

	cgi_receive(&request);
	handle(endpoint, &request, context, &head, &body);
	if (!cgi_answer(head, body))
		log_warning("answer not taken: %s", strerror(errno));
	arena_free(arena);
}

/* One connection in hand; the memory goes on to the next. */
struct visit {
	const struct endpoint *endpoint;
	const struct config *config;
	struct context *context;
	struct arena *arena;
	struct fcgi fcgi;
	int connection; /* -1: there is none */
};

static void
serve_connection(void *argument)
{
	struct visit *visit = argument;
	const struct endpoint *endpoint = visit->endpoint;
	struct request request = {.arena = visit->arena,
	    .config = visit->config,
	    .body_ignored = endpoint->decide != NULL};
	struct bytes head, body;

	visit->fcgi.takes_authorizer = endpoint->decide != NULL;
	if (fcgi_receive(&visit->fcgi, visit->connection, &request)) {
		handle(endpoint, &request, visit->context, &head, &body);
		if (!fcgi_answer(&visit->fcgi, visit->arena, head, body))
			log_warning("answer not taken: the web server has gone");
	} else if (visit->fcgi.used > 0) {
		log_warning("request not complete: the web server has gone or is too slow");
	}
	fcgi_end(&visit->fcgi);
	if (visit->fcgi.keep)
		listener_keep(visit->connection);
	visit->connection = -1;
	arena_reset(visit->arena);
}

static int
serve_fcgi(const struct endpoint *endpoint, const struct config *config, struct context *context)
{
	static struct visit visits[FIBERS_MAXIMUM];
	int connection;

	if (endpoint->slow && setpriority(PRIO_PROCESS, 0, (int)config->login_nice) != 0)
		log_line("cannot set JWT_LOGIN_NICE: %s", strerror(errno));
	sandbox_enter(config);
	while ((connection = listener_next()) >= 0) {
		struct visit *visit = visits;

		while (visit->arena != NULL && visit->connection >= 0)
			visit++;
		if (visit->arena == NULL)
			*visit = (struct visit){endpoint, config, context, .arena = arena_new()};
		visit->connection = connection;
		fiber_start(serve_connection, visit);
	}
	listener_end();
	return listener_stopped() ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool
is_listening(int descriptor)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
	       listening;
}

/* Standard input as spawn-fcgi hands it over, or descriptor 3 of systemd's socket activation. */
static enum door
find_door(int *listener)
{
	const char *pid = config_environment("LISTEN_PID");

	*listener = STDIN_FILENO;
	if (is_listening(STDIN_FILENO))
		return DOOR_FCGI;
	if (pid != NULL && atol(pid) == (long)getpid() && is_listening(3)) {
		*listener = 3;
		return DOOR_FCGI;
	}
	if (config_environment("REQUEST_METHOD") != NULL)
		return DOOR_CGI;
	log_line("standard input is no listening socket (spawn-fcgi -n, multiwatch, systemd) and "
		 "REQUEST_METHOD is not set (CGI); see --help");
	return DOOR_NONE;
}

static void
print_help(const struct endpoint *endpoint)
{
	printf("%s - %s\n\n"
	       "usage: %s [--config FILE] [--check-config] [--version] [--help]\n\n"
	       "Answers FastCGI requests if standard input is a listening socket:\n"
	       "  spawn-fcgi -n -s /run/jwt-fcgi/%s.sock -- /usr/bin/multiwatch -f 4 -- %s\n"
	       "else one CGI request. Settings come from the environment or from a file of the\n"
	       "same NAME=value lines; PG* variables are libpq's.\n\nsettings (default):\n",
	    endpoint->name, endpoint->title, endpoint->name, endpoint->name, endpoint->name);
	config_help(stdout);
}

static bool
check(const struct endpoint *endpoint, struct context *context)
{
	return endpoint->check == NULL || endpoint->check(context);
}

/* What the command line asks for: the settings' file, or something to say instead of serving. */
struct arguments {
	const char *file;
	bool check_only;
};

/* Whether there is more to do; if not, *status is how the program ends. */
static bool
read_arguments(
    const struct endpoint *endpoint, int argc, char **argv, struct arguments *out, int *status)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	    {"check-config", no_argument, NULL, 'C'}, {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int option;

	*out = (struct arguments){.file = NULL};
	*status = EXIT_SUCCESS;
	/* RFC 3875 section 4.4: under CGI the arguments are words of the client's query. */
	if (config_environment("GATEWAY_INTERFACE") != NULL &&
	    config_environment("REQUEST_METHOD") != NULL)
		argc = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			out->file = optarg;
			break;
		case 'C':
			out->check_only = true;
			break;
		case 'v':
			printf("%s (jwt-fcgi) %s\n", endpoint->name, PACKAGE_VERSION);
			return false;
		case 'h':
			print_help(endpoint);
			return false;
		default:
			*status = 2;
			return false;
		}
	}
	if (optind == argc)
		return true;
	log_line("no arguments are expected; see --help");
	*status = 2;
	return false;
}

int
serve(const struct endpoint *endpoint, int argc, char **argv)
{
	const struct config *config;
	struct arguments arguments;
	struct context *context;
	int listener, status;

	log_open(endpoint->name);
	if (!read_arguments(endpoint, argc, argv, &arguments, &status))
		return status;
	config = config_load(arguments.file);
	if (config != NULL && !arguments.check_only)
		log_to(config->log);
	context = config == NULL ? NULL : endpoint->start(config);
	if (context == NULL)
		return EXIT_FAILURE;
	if (arguments.check_only) {
		if (!check(endpoint, context))
			return EXIT_FAILURE;
		config_print(config, stdout);
		return EXIT_SUCCESS;
	}
	metrics_open(config, endpoint->name);
	switch (find_door(&listener)) {
	case DOOR_FCGI:
		/* A hash takes the processor anyway: those that would wait for it stay in the
		 * queue. */
		return listener_start(listener, endpoint->slow ? (int)config->login_queue : 0,
			   endpoint->slow ? 1 : FIBERS_MAXIMUM) &&
			       check(endpoint, context)
			   ? serve_fcgi(endpoint, config, context)
			   : EXIT_FAILURE;
	case DOOR_CGI:
		serve_cgi(endpoint, config, context);
		return EXIT_SUCCESS;
	case DOOR_NONE:
		return 2;
	}
	return 2;
}
