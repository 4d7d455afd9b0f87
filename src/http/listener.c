#include "http/listener.h"

#include "base/fiber.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEPT_MAXIMUM 256

static bool stopping;
static int signals; /* signalfd(2) of those that end us */
static int listening;
static bool watched; /* whether we want to be told of new connections */
static bool offered; /* whether we were told of one */

/* Kept connections that have something to read, each at most once; how many are kept in all. */
static int ready[KEPT_MAXIMUM + FIBER_READY_MAXIMUM];
static int ready_count, kept;

/*
 * A stop is something to read like any other, so that there is no moment between test and wait to
 * miss it in, and the requests in hand are not disturbed.
 */
static bool
hear_signals(void)
{
	/* multiwatch passes USR2 on and starts another; told to send TERM, its 1.0.0 sends QUIT. */
	static const int ends[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, hang_up;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* A program may have asked for it at its start, to read something anew. */
	sigaction(SIGHUP, NULL, &hang_up);
	if (hang_up.sa_handler == SIG_DFL)
		sigaction(SIGHUP, &ignore, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	return signals >= 0 && fiber_watch(signals, false);
}

bool
listener_start(int descriptor, int queue, int at_once)
{
	listening = descriptor;
	/* Another process may be faster to accept what all were told of. */
	fcntl(listening, F_SETFL, fcntl(listening, F_GETFL) | O_NONBLOCK);
	/* For a socket that listens already, this changes its limit. */
	if (queue > 0 && listen(descriptor, queue) != 0)
		log_line("cannot limit the queue: %s", strerror(errno));
	if (!fiber_open(at_once))
		return false;
	if (hear_signals())
		return true;
	log_line("cannot watch signals: %s", strerror(errno));
	return false;
}

bool
listener_stopped(void)
{
	return stopping;
}

/* What accept(2) may answer without being broken: wait for the next, or for what ran short. */
static bool
can_go_on(int error)
{
	static const struct timespec shortage = {.tv_nsec = 50 * 1000 * 1000};

	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_line("cannot accept: %s", strerror(error));
		nanosleep(&shortage, NULL);
		return true;
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	/* On TCP, the troubles of the network of a connection that is gone already (accept(2)). */
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ENONET:
		return true;
	default:
		log_line("cannot accept: %s", strerror(error));
		return false;
	}
}

/* Who has no fiber left leaves new connections to the other processes. */
static bool
watch_listening(void)
{
	bool wanted = fiber_free();

	if (wanted && !watched && !fiber_watch(listening, true)) {
		log_line("cannot watch the listening socket: %s", strerror(errno));
		return false;
	}
	if (!wanted && watched)
		fiber_unwatch(listening);
	watched = wanted;
	return true;
}

/* One turn; what is ready of our own is kept in mind. */
static void
turn(int milliseconds)
{
	int *added = ready + ready_count, seen = fiber_turn(milliseconds, added);

	for (int i = 0; i < seen; i++)
		if (added[i] == listening)
			offered = true;
		else if (added[i] == signals)
			stopping = true;
		else
			ready[ready_count++] = added[i];
}

static int
take_kept(void)
{
	kept--;
	return ready[--ready_count];
}

/* -1, with errno: there is none. */
static int
take_new(void)
{
	offered = false;
	return accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/*
 * On a stop: who has sent a request on a kept connection still gets an answer, as long as anything
 * is in hand, and so does the one newcomer of whom perhaps nobody but us was told.
 */
static int
next_at_the_end(void)
{
	int connection = -1;

	if (watched) {
		turn(0);
		fiber_unwatch(listening);
		watched = false;
	}
	do {
		while (!fiber_free() || (ready_count == 0 && !offered && !fiber_none()))
			turn(-1);
		if (offered)
			connection = take_new();
	} while (connection < 0 && ready_count == 0 && !fiber_none());
	if (connection < 0 && ready_count == 0)
		turn(0);
	return connection < 0 && ready_count > 0 ? take_kept() : connection;
}

/*
 * A newcomer goes first: if those that are kept here left no fiber for it, it would wait for one
 * though another process had some.
 */
int
listener_next(void)
{
	int connection;

	while (!stopping) {
		if (!watch_listening())
			return -1;
		if (!fiber_free() || (ready_count == 0 && !offered)) {
			turn(-1);
			continue;
		}
		if (!offered)
			return take_kept();
		connection = take_new();
		if (connection >= 0 || !can_go_on(errno))
			return connection;
	}
	return next_at_the_end();
}

void
listener_keep(int connection)
{
	if (stopping || kept == KEPT_MAXIMUM || !fiber_watch(connection, false))
		close(connection);
	else
		kept++;
}

void
listener_end(void)
{
	while (!fiber_none())
		turn(-1);
}
