/*
 * The main() of every program that serves an endpoint.
 *
 * Serves FastCGI requests if standard input is a listening socket (spawn-fcgi, multiwatch,
 * lighttpd, mod_fcgid, systemd); else answers one CGI request.
 */
#include "http/cgi.h"
#include "http/describe.h"
#include "http/loop.h"

#include "base/log.h"
#include "base/metrics.h"
#include "process/sandbox.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct endpoint endpoint;

/*
 * A SCHED_BATCH process (sched(7)) that is woken does not preempt the process that woke it: the web
 * server can send more requests first, and there are fewer context switches. Programs that hash
 * passwords are also nice, so that many logins do not slow down everything else.
 */
static void
lower_priority(const struct config *config)
{
	static const struct sched_param none;

	/* Another policy was set by the administrator. */
	if (sched_getscheduler(0) == SCHED_OTHER && sched_setscheduler(0, SCHED_BATCH, &none) != 0)
		log_error("cannot be a batch process: %s", strerror(errno));
	if (endpoint.slow && setpriority(PRIO_PROCESS, 0, (int)config->login_nice) != 0)
		log_error("cannot set JWT_LOGIN_NICE: %s", strerror(errno));
}

/* Does what the sandbox would forbid. Returns false after logging why. */
static bool
prepare_fcgi(const struct service *service, int listening)
{
	const struct config *config = service->config;

	if (!loop_open(service, listening, endpoint.slow ? (int)config->login_queue : 0))
		return false;
	if (endpoint.check != NULL && endpoint.check(service->context, false) == VERDICT_NO)
		return false;
	lower_priority(config);
	sandbox_enter(config);
	return true;
}

static bool
is_listening(int descriptor)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
	       listening;
}

/* Standard input, as from spawn-fcgi, or descriptor 3, as from systemd; -1: neither. */
static int
find_listener(void)
{
	const char *pid = config_environment("LISTEN_PID");

	if (is_listening(STDIN_FILENO))
		return STDIN_FILENO;
	return pid != NULL && atol(pid) == (long)getpid() && is_listening(3) ? 3 : -1;
}

static void
print_help(void)
{
	printf("%s - %s\n\n"
	       "usage: %s [--config FILE] [--check-config] [--describe] [--version] [--help]\n\n"
	       "Answers FastCGI requests if standard input is a listening socket:\n"
	       "  spawn-fcgi -n -s /run/jwt-fcgi/%s.sock -- /usr/bin/multiwatch -f 4 -- %s\n"
	       "else one CGI request. Settings come from the environment or from a file of the\n"
	       "same NAME=value lines; PG* variables are libpq's.\n\nsettings (default):\n",
	    endpoint.name, endpoint.title, endpoint.name, endpoint.name, endpoint.name);
	config_help(stdout);
}

struct arguments {
	const char *file;
	bool check_only, describe;
};

/* Returns false if the program is to exit with *status. */
static bool
read_arguments(int argc, char **argv, struct arguments *out, int *status)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	    {"check-config", no_argument, NULL, 'C'}, {"version", no_argument, NULL, 'v'},
	    {"describe", no_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	int option;

	*out = (struct arguments){.file = NULL};
	*status = EXIT_SUCCESS;
	/* Under CGI the arguments are words of the client's query (RFC 3875 section 4.4). */
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
		case 'd':
			out->describe = true;
			break;
		case 'v':
			printf("%s (jwt-fcgi) %s\n", endpoint.name, PACKAGE_VERSION);
			return false;
		case 'h':
			print_help();
			return false;
		default:
			*status = 2;
			return false;
		}
	}
	if (optind == argc)
		return true;
	log_error("no arguments are expected; see --help");
	*status = 2;
	return false;
}

/* A program that starts only says that its metrics are disabled: they are not worth an outage. */
static bool
check_metrics(const char *folder)
{
	struct stat status;
	bool there = folder == NULL || stat(folder, &status) == 0;

	if (there && (folder == NULL || S_ISDIR(status.st_mode)))
		return true;
	log_error("JWT_METRICS_DIR: %s: %s", folder, strerror(there ? ENOTDIR : errno));
	return false;
}

/* --check-config. Returns the exit status: 1 for a wrong setting, 2 for the database. */
static int
check_config(const char *file)
{
	bool good;
	const struct config *config = config_examine(file, &good);
	struct context *context = config == NULL ? NULL : endpoint.start(config, &endpoint);
	enum verdict verdict = VERDICT_YES;

	if (config != NULL && !check_metrics(config->metrics_dir))
		good = false;
	if (context != NULL && endpoint.check != NULL)
		verdict = endpoint.check(context, true);
	if (context == NULL || !good)
		return 1;
	if (verdict != VERDICT_YES)
		return 2;
	config_print(config, stdout);
	puts("configuration good");
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	const struct config *config;
	struct arguments arguments;
	static struct service service; /* lives as long as the process */
	int listener, status;

	log_open(endpoint.name);
	if (!read_arguments(argc, argv, &arguments, &status))
		return status;
	if (arguments.check_only)
		return check_config(arguments.file);
	config = config_load(arguments.file);
	if (config == NULL)
		return arguments.describe ? 2 : EXIT_FAILURE;
	log_to(config->log);
	if (arguments.describe) {
		describe(config, &endpoint);
		return EXIT_SUCCESS;
	}
	service =
	    (struct service){&endpoint, config, endpoint.start(config, &endpoint), arena_new()};
	if (service.context == NULL)
		return EXIT_FAILURE;
	metrics_open(config->metrics_dir, endpoint.name);
	listener = find_listener();
	if (listener >= 0)
		return prepare_fcgi(&service, listener) && loop_run(&service) ? EXIT_SUCCESS
									      : EXIT_FAILURE;
	if (config_environment("REQUEST_METHOD") != NULL) {
		cgi_answer(&service);
		return EXIT_SUCCESS;
	}
	log_error("standard input is no listening socket (spawn-fcgi -n, multiwatch, systemd) and "
		  "REQUEST_METHOD is not set (CGI); see --help");
	return 2;
}
