#include "http/listener.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEPT_MAXIMUM 256

static volatile sig_atomic_t stopping;
static int nothing = -1; /* what stands in place of the listening socket after a stop */

/* The listening socket first, behind it the kept connections. */
static struct pollfd watched[1 + KEPT_MAXIMUM];
static nfds_t count = 1;
static nfds_t turn; /* from here down to the listening socket those are left that were ready */

/*
 * A stop takes the listening socket away. The request in hand is not disturbed, and an accept(2) or
 * poll(2) that waits now or begins later ends at once: there is no moment between test and wait to
 * miss it in.
 */
static void
stop(int signal)
{
	int error = errno;

	(void)signal;
	stopping = 1;
	dup2(nothing, watched[0].fd);
	errno = error;
}

void
listener_start(int descriptor, int queue)
{
	/* multiwatch passes USR2 on and starts another; told to send TERM, its 1.0.0 sends QUIT. */
	static const int ending[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};
	struct sigaction action = {.sa_handler = stop}, hang_up;

	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	watched[0] = (struct pollfd){.fd = descriptor, .events = POLLIN};
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++)
		sigaction(ending[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	/* A program may have asked for it at its start, to read something anew. */
	sigaction(SIGHUP, NULL, &hang_up);
	if (hang_up.sa_handler == SIG_DFL)
		sigaction(SIGHUP, &action, NULL);
	/* For a socket that listens already, this changes its limit. */
	if (queue > 0 && listen(descriptor, queue) != 0)
		log_line("cannot limit the queue: %s", strerror(errno));
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
	case EAGAIN:
		if (count == 1)
			poll(watched, 1, -1);
		return true;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_line("cannot accept: %s", strerror(error));
		nanosleep(&shortage, NULL);
		return true;
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

/* The next of the kept connections that were ready at the last poll; -1 if none is left. */
static int
next_kept(void)
{
	while (turn > 0) {
		nfds_t one = turn--;
		int connection = watched[one].fd;

		if (watched[one].revents == 0)
			continue;
		watched[one] = watched[--count];
		return connection;
	}
	return -1;
}

/* On a stop: who has sent a request on a kept connection still gets an answer. */
static int
next_at_the_end(void)
{
	int connection = next_kept();

	if (connection >= 0)
		return connection;
	if (count == 1 || poll(watched + 1, count - 1, 0) <= 0)
		return -1;
	turn = count - 1;
	return next_kept();
}

int
listener_next(void)
{
	while (!stopping) {
		int connection = next_kept();

		if (connection >= 0)
			return connection;
		if (count > 1 && watched[0].revents == 0) {
			if (poll(watched, count, -1) > 0)
				turn = count - 1;
			continue;
		}
		watched[0].revents = 0;
		connection = accept4(watched[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (connection >= 0 || (!stopping && !can_go_on(errno)))
			return connection;
	}
	return next_at_the_end();
}

void
listener_keep(int connection)
{
	if (count == sizeof(watched) / sizeof(*watched)) {
		close(connection);
		return;
	}
	/* Another process may be faster to accept what the poll has shown to all. */
	if (count == 1)
		fcntl(watched[0].fd, F_SETFL, fcntl(watched[0].fd, F_GETFL) | O_NONBLOCK);
	watched[count++] = (struct pollfd){.fd = connection, .events = POLLIN};
}
