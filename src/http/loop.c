#include "http/loop.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/fcgi.h"
#include "http/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAXIMUM       64
#define ACCEPTS_MAXIMUM      16  /* at a time, before other connections go on */
#define KEPT_MAXIMUM         256 /* one more is closed after its answer */
#define INCOMPLETE_MAXIMUM   256
#define MEMORY_MAXIMUM       ((size_t)32 * 1024 * 1024) /* of incomplete requests */
#define KEPT_MILLISECONDS    90000 /* longer than Nginx keeps a connection (60 s) */
#define CLOSING_MILLISECONDS 100
#define STOP_ROUNDS          ((KEPT_MAXIMUM + INCOMPLETE_MAXIMUM) / EVENTS_MAXIMUM + 1)

TAILQ_HEAD(slots, slot);

static struct slots waiting[SLOT_WAITS]; /* each in the order of deadlines */
static int counts[SLOT_WAITS];
static int64_t timeouts[SLOT_WAITS]; /* milliseconds */
static struct guard rules;           /* of every new request */
static int events, listening, signals;
static bool stopping, broken;

/*
 * A signal is an event like any other: there is no moment between a test and epoll_wait(2) to miss
 * it in, and the request that is being answered is not interrupted.
 */
static bool
watch_signals(void)
{
	/* multiwatch passes USR2 on and starts another; told to send TERM, its 1.0.0 sends QUIT. */
	static const int ends[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &signals};
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
	return signals >= 0 && epoll_ctl(events, EPOLL_CTL_ADD, signals, &event) == 0;
}

/* Other processes watch the socket too, and one of them is enough to be told. */
static bool
watch_listening(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &listening};

	return fcntl(listening, F_SETFL, fcntl(listening, F_GETFL) | O_NONBLOCK) == 0 &&
	       epoll_ctl(events, EPOLL_CTL_ADD, listening, &event) == 0;
}

bool
loop_open(const struct service *service, int socket, int backlog)
{
	const struct endpoint *endpoint = service->endpoint;
	const struct config *config = service->config;

	listening = socket;
	rules = (struct guard){.takes_authorizer = endpoint->decide != NULL,
	    .body_maximum = endpoint->decide != NULL ? 0 : (size_t)config->request_body_limit};
	timeouts[SLOT_INCOMPLETE] = config->request_timeout * 1000;
	timeouts[SLOT_KEPT] = KEPT_MILLISECONDS;
	timeouts[SLOT_CLOSING] = CLOSING_MILLISECONDS;
	for (int wait = 0; wait < SLOT_WAITS; wait++)
		TAILQ_INIT(&waiting[wait]);
	/* For a socket that listens already, this changes its limit. */
	if (backlog > 0 && listen(listening, backlog) != 0)
		log_line("cannot limit the backlog: %s", strerror(errno));
	if (!fcgi_open(rules.body_maximum))
		return false;
	events = epoll_create1(EPOLL_CLOEXEC);
	if (events >= 0 && watch_signals() && watch_listening())
		return true;
	log_line("cannot watch the listening socket: %s", strerror(errno));
	return false;
}

/* Takes the slot off its list. */
static void
unpark(struct slot *slot)
{
	if (slot->wait != SLOT_NEW) {
		TAILQ_REMOVE(&waiting[slot->wait], slot, next);
		counts[slot->wait]--;
	}
	slot->wait = SLOT_NEW;
}

static void
drop(struct slot *slot)
{
	unpark(slot);
	slot_free(slot);
}

/* epoll reports as long as there is something to read: one receive at a time is enough. */
static bool
watch(struct slot *slot)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};

	if (!slot->watched)
		slot->watched = epoll_ctl(events, EPOLL_CTL_ADD, slot->connection, &event) == 0;
	if (!slot->watched)
		log_line("cannot watch a connection: %s", strerror(errno));
	return slot->watched;
}

/* Puts it last on its list, where its deadline is the latest. */
static void
park(struct slot *slot, enum slot_wait wait)
{
	unpark(slot);
	slot->wait = wait;
	slot->deadline = clock_milliseconds() + timeouts[wait];
	TAILQ_INSERT_TAIL(&waiting[wait], slot, next);
	counts[wait]++;
	if (!watch(slot))
		drop(slot);
}

/*
 * Some web servers send an authorizer the end of a body all the same. If that were unread at
 * close(2), TCP would take the answer back.
 */
static void
park_closing(struct slot *slot)
{
	shutdown(slot->connection, SHUT_WR);
	park(slot, SLOT_CLOSING);
}

static void
answer(const struct service *service, struct slot *slot)
{
	bool is_last = slot->length == slot->guard.checked;
	bool keep = slot->guard.keep_connection && is_last && !slot->guard.authorizer;
	bool authorizer = slot->guard.authorizer;

	unpark(slot);
	if (!fcgi_answer(service, slot->connection, &slot->guard, slot->bytes))
		slot->connection = -1;
	slot_clear(slot, &rules);
	if (slot->connection >= 0 && authorizer)
		park_closing(slot);
	else if (slot->connection >= 0 && keep && !stopping && counts[SLOT_KEPT] < KEPT_MAXIMUM)
		park(slot, SLOT_KEPT);
	else
		drop(slot);
}

static void
refuse(struct slot *slot)
{
	if (slot->length > 0)
		log_warning(
		    slot->ended
			? "the client closed the connection before the request was complete"
			: "not a FastCGI request as web servers send it; connection closed");
	drop(slot);
}

/* true: a request was answered. The slot may be gone. */
static bool
receive(const struct service *service, struct slot *slot)
{
	switch (slot_receive(slot)) {
	case GUARD_COMPLETE:
		answer(service, slot);
		return true;
	case GUARD_REFUSED:
		refuse(slot);
		return false;
	case GUARD_INCOMPLETE:
		/* One deadline for the whole request: it does not move with what comes. */
		if (slot->wait == SLOT_NEW || (slot->wait == SLOT_KEPT && slot->length > 0))
			park(slot, SLOT_INCOMPLETE);
		return false;
	}
	return false;
}

static bool
visit(const struct service *service, struct slot *slot)
{
	if (slot->wait != SLOT_CLOSING)
		return receive(service, slot);
	if (!slot_drain(slot))
		drop(slot);
	return false;
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
	/* On TCP, errors of the network of a connection that is gone already (accept(2)). */
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

/* Most requests are complete when their connection is accepted: those need no epoll. */
static void
accept_connections(const struct service *service, int maximum)
{
	for (int i = 0; i < maximum; i++) {
		int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (connection < 0) {
			broken = !can_go_on(errno);
			return;
		}
		receive(service, slot_new(connection, &rules));
	}
}

/*
 * How many connections to accept. A program that hashes passwords accepts none after a turn in
 * which a request was complete, for another may be: they would wait in the process instead of the
 * backlog, which is bounded and shared. On a stop, one: perhaps no other process was told of it.
 */
static int
accepts(const struct service *service, bool answered)
{
	if (stopping)
		return 1;
	if (service->endpoint->slow)
		return answered ? 0 : 1;
	return ACCEPTS_MAXIMUM;
}

static bool
is_over_limit(void)
{
	return counts[SLOT_INCOMPLETE] > INCOMPLETE_MAXIMUM || slot_memory() > MEMORY_MAXIMUM;
}

/* Closes what has passed its deadline, and of too many what is nearest to it. */
static void
expire(void)
{
	int64_t now = clock_milliseconds();
	struct slot *first;

	for (int wait = 0; wait < SLOT_WAITS; wait++)
		while ((first = TAILQ_FIRST(&waiting[wait])) != NULL &&
		       (first->deadline <= now || (wait == SLOT_INCOMPLETE && is_over_limit()))) {
			if (wait == SLOT_INCOMPLETE && first->length > 0)
				log_warning("request not complete within JWT_REQUEST_TIMEOUT");
			drop(first);
		}
}

/* Milliseconds until the first deadline; -1: there is none. */
static int
next_deadline(void)
{
	int64_t first = INT64_MAX, now;

	for (int wait = 0; wait < SLOT_WAITS; wait++)
		if (!TAILQ_EMPTY(&waiting[wait]) && TAILQ_FIRST(&waiting[wait])->deadline < first)
			first = TAILQ_FIRST(&waiting[wait])->deadline;
	if (first == INT64_MAX)
		return -1;
	now = clock_milliseconds();
	return first <= now ? 0 : (int)(first - now);
}

/* Returns how many events there were. */
static int
handle_events(const struct service *service, int milliseconds)
{
	struct epoll_event happened[EVENTS_MAXIMUM];
	int seen = epoll_wait(events, happened, EVENTS_MAXIMUM, milliseconds);
	bool offered = false, answered = false;

	for (int i = 0; i < seen; i++)
		if (happened[i].data.ptr == &listening)
			offered = true;
		else if (happened[i].data.ptr == &signals)
			stopping = true;
		else if (visit(service, happened[i].data.ptr))
			answered = true;
	if (offered)
		accept_connections(service, accepts(service, answered));
	expire();
	return seen;
}

/* What was sent on kept connections before the stop is answered; then they are closed. */
static void
end_kept(const struct service *service)
{
	for (int i = 0; i < STOP_ROUNDS && handle_events(service, 0) > 0; i++)
		continue;
	while (!TAILQ_EMPTY(&waiting[SLOT_KEPT]))
		drop(TAILQ_FIRST(&waiting[SLOT_KEPT]));
}

bool
loop_run(const struct service *service)
{
	while (!stopping && !broken)
		handle_events(service, next_deadline());
	epoll_ctl(events, EPOLL_CTL_DEL, listening, NULL);
	epoll_ctl(events, EPOLL_CTL_DEL, signals, NULL);
	end_kept(service);
	while (counts[SLOT_INCOMPLETE] + counts[SLOT_CLOSING] > 0)
		handle_events(service, next_deadline());
	return !broken;
}
