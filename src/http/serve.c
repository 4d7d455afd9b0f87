#include "http/cgi.h"
#include "http/endpoint.h"
#include "http/fcgi.h"
#include "http/handle.h"
#include "http/listener.h"

#include "base/fiber.h"
#include "base/log.h"
#include "process/metrics.h"
#include "process/sandbox.h"
#include "process/scheduling.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How this process was started: what stands behind standard input. */
enum door { DOOR_FCGI, DOOR_CGI, DOOR_NONE };

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

static bool
check(const struct endpoint *endpoint, struct context *context)
{
	return endpoint->check == NULL || endpoint->check(context);
}

static int
serve_fcgi(const struct endpoint *endpoint, const struct config *config, struct context *context,
    int listener)
{
	static struct visit visits[FIBERS_MAXIMUM];
	/* A hash takes the processor anyway: those that would wait for it stay in the queue. */
	int queue = endpoint->slow ? (int)config->login_queue : 0;
	int at_once = endpoint->slow ? 1 : FIBERS_MAXIMUM;
	int connection;

	if (!listener_start(listener, queue, at_once) || !check(endpoint, context))
		return EXIT_FAILURE;
	scheduling_batch();
	if (endpoint->slow)
		scheduling_nice((int)config->login_nice);
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
	context = config == NULL ? NULL : endpoint->start(config, endpoint);
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
		return serve_fcgi(endpoint, config, context, listener);
	case DOOR_CGI:
		serve_cgi(endpoint, config, context);
		return EXIT_SUCCESS;
	case DOOR_NONE:
		return 2;
	}
	return 2;
}
