#include "db/connection.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

/* libpq's options that are lists: the n-th elements of all lists describe the n-th host. */
enum list { HOST, HOSTADDR, PORT, LISTS };

#define OWN (2 + LISTS) /* options before those of the URL */

static const char *const keywords[LISTS] = {"host", "hostaddr", "port"};

/* The hosts as libpq found them in its variables, a service file and its defaults. */
struct hosts {
	const char *lists[LISTS];
	size_t count;
	int64_t timeout; /* connect_timeout: milliseconds for one host; 0 if it is not set */
};

static size_t
count_elements(const char *list)
{
	size_t count = 1;

	for (; *list != '\0'; list++)
		count += *list == ',';
	return count;
}

/* A list of one element applies to all hosts. */
static struct bytes
element(const char *list, size_t number)
{
	for (size_t i = count_elements(list) > 1 ? number : 0; i > 0; i--)
		list = strchr(list, ',') + 1;
	return (struct bytes){list, strcspn(list, ",")};
}

/* The list with one element removed. */
static const char *
without(struct arena *arena, const char *list, size_t number)
{
	struct bytes gone = element(list, number);
	size_t before = (size_t)(gone.data - list);
	const char *behind = gone.data + gone.length;

	if (count_elements(list) == 1)
		return list;
	if (*behind == ',')
		behind++;
	else
		before--;
	return arena_printf(arena, "%.*s%s", (int)before, list, behind);
}

static void
read_hosts(PGconn *connection, struct arena *arena, struct hosts *out)
{
	PQconninfoOption *options = PQconninfo(connection);

	*out = (struct hosts){.lists = {"", "", ""}};
	for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
	     option++) {
		size_t length = option->val == NULL ? 0 : strlen(option->val);

		for (int list = 0; list < LISTS && length > 0; list++)
			if (strcmp(option->keyword, keywords[list]) == 0)
				out->lists[list] = arena_copy(arena, option->val, length);
		if (strcmp(option->keyword, "connect_timeout") == 0 && length > 0)
			out->timeout = strtol(option->val, NULL, 10) * 1000;
		if (strcmp(option->keyword, "password") == 0 && length > 0)
			explicit_bzero(option->val, length);
	}
	PQconninfoFree(options);
	if (out->lists[HOST][0] == '\0')
		out->lists[HOST] = out->lists[HOSTADDR];
	out->count = count_elements(out->lists[HOST]);
}

/* An empty element means libpq's default, whatever that is. */
static bool
stands_for(struct bytes element, const char *actual)
{
	return element.length == 0 || bytes_equal(element, actual);
}

/* The index of the host that libpq is trying. */
static size_t
find_current(const PGconn *connection, const struct hosts *hosts)
{
	size_t i = hosts->count - 1;

	while (i > 0 && !(stands_for(element(hosts->lists[HOST], i), PQhost(connection)) &&
			    stands_for(element(hosts->lists[PORT], i), PQport(connection))))
		i--;
	return i;
}

/* The deadline for one host: its share of the time that is left. */
static int64_t
share(const struct hosts *hosts, int64_t deadline)
{
	int64_t now = clock_milliseconds(), part = (deadline - now) / (int64_t)hosts->count;

	return now + (hosts->timeout > 0 && hosts->timeout < part ? hosts->timeout : part);
}

bool
connection_wait(const PGconn *connection, short events, int64_t deadline)
{
	struct pollfd socket = {PQsocket(connection), events, 0};
	int ready;

	do {
		int64_t left = deadline - clock_milliseconds();

		ready = poll(&socket, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

/* Runs libpq until it is connected or has failed; false if host *at has used up its time. */
static bool
advance(PGconn *connection, const struct hosts *hosts, int64_t deadline, size_t *at)
{
	PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
	int64_t until = 0;

	*at = hosts->count;
	while (PQstatus(connection) != CONNECTION_BAD && wanted != PGRES_POLLING_OK) {
		size_t current = find_current(connection, hosts);

		if (current != *at)
			until = share(hosts, deadline);
		*at = current;
		if (!connection_wait(
			connection, wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
			return false;
		wanted = PQconnectPoll(connection);
	}
	return true;
}

/* libpq would write notices to standard error; what matters is returned as an error too. */
static void
ignore_notice(void *argument, const char *message)
{
	(void)argument;
	(void)message;
}

/*
 * libpq limits the time for a host only in its blocking functions. So it is left to try its list of
 * hosts by its own rules (target_session_attrs has many), and when a host is silent it starts again
 * with a list without that host.
 */
PGconn *
connection_open(struct arena *arena, const struct url_options *options, const char *program,
    int64_t deadline, bool *late)
{
	const char *names[OWN + URL_OPTIONS_MAXIMUM + 1] = {"fallback_application_name",
	    "client_encoding", keywords[HOST], keywords[HOSTADDR], keywords[PORT]};
	const char *values[OWN + URL_OPTIONS_MAXIMUM + 1] = {program, "UTF8"};
	struct hosts hosts;
	size_t silent;

	memcpy(names + OWN, options->names, sizeof(options->names));
	memcpy(values + OWN, options->values, sizeof(options->values));
	do {
		PGconn *connection = PQconnectStartParams(names, values, 0);

		read_hosts(connection, arena, &hosts);
		if (advance(connection, &hosts, deadline, &silent)) {
			PQsetnonblocking(connection, 1);
			PQsetNoticeProcessor(connection, ignore_notice, NULL);
			return connection;
		}
		*late = true;
		log_error("database: no answer in time from %s port %s",
		    log_quote(arena, bytes_of(PQhost(connection))), PQport(connection));
		PQfinish(connection);
		for (int list = 0; list < LISTS; list++)
			values[2 + list] = without(arena, hosts.lists[list], silent);
	} while (hosts.count > 1 && clock_milliseconds() < deadline);
	return NULL;
}
