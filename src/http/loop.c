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

#define EVENTS_MAXIMUM       64
#define ACCEPTS_MAXIMUM      16  /* in a row, before other connections are served */
#define KEPT_MAXIMUM         256 /* keep-alive connections; further ones are closed */
#define INCOMPLETE_MAXIMUM   256
#define MEMORY_MAXIMUM       ((size_t)32 * 1024 * 1024) /* of incomplete requests */
#define KEPT_MILLISECONDS    90000                      /* longer than Nginx's 60 s */
#define CLOSING_MILLISECONDS 100
#define STOP_ROUNDS          ((KEPT_MAXIMUM + INCOMPLETE_MAXIMUM) / EVENTS_MAXIMUM + 1)

static int64_t timeouts[SLOT_WAITS]; /* milliseconds */
static struct guard rules;           /* initial state for each request */
static int events, listening, signals;
static bool stopping, broken;

/*
 * Signals arrive through signalfd: none can be lost between a check and epoll_wait(2), and none
 * interrupts an answer. Call after FCGX_Init(), which installs its own signal handlers.
 */
static bool
watch_signals(void)
{
	/* multiwatch 1.0.0 forwards USR2 and starts a new process, and sends QUIT for TERM. */
	static const int ends[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &signals};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, hang_up;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* The keyring may already have a handler, which reloads keys. */
	sigaction(SIGHUP, NULL, &hang_up);
	if (hang_up.sa_handler == SIG_DFL)
		sigaction(SIGHUP, &ignore, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	return signals >= 0 && epoll_ctl(events, EPOLL_CTL_ADD, signals, &event) == 0;
}

/* Other processes watch the same socket; EPOLLEXCLUSIVE wakes one of them. */
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
	/* On a listening socket this changes the backlog. */
	if (backlog > 0 && listen(listening, backlog) != 0)
		log_error("cannot limit the backlog: %s", strerror(errno));
	if (!fcgi_open(rules.body_maximum))
		return false;
	events = epoll_create1(EPOLL_CLOEXEC);
	if (events >= 0 && watch_signals() && watch_listening())
		return true;
	log_error("cannot watch the listening socket: %s", strerror(errno));
	return false;
}

/* epoll is level-triggered, so one receive per event is enough. */
static void
park(struct slot *slot, enum slot_wait wait)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};

	slot_park(slot, wait, timeouts[wait]);
	if (!slot->watched)
		slot->watched = epoll_ctl(events, EPOLL_CTL_ADD, slot->connection, &event) == 0;
	if (slot->watched)
		return;
	log_error("cannot watch a connection: %s", strerror(errno));
	slot_free(slot);
}

static void
answer_slot(const struct service *service, struct slot *slot)
{
	bool authorizer = slot->guard.authorizer;
	bool is_last = slot->length == slot->guard.checked;
	bool keep = slot->guard.keep_connection && is_last && !authorizer && !stopping;

	slot_unpark(slot);
	if (!fcgi_answer(service, slot->connection, &slot->guard, slot->bytes))
		slot->connection = -1;
	slot_clear(slot, &rules);
	if (slot->connection >= 0 && authorizer) {
		/*
		 * Some web servers send the end of a body even to an authorizer. If it were unread
		 * at close(2), TCP would discard the answer.
		 */
		shutdown(slot->connection, SHUT_WR);
		park(slot, SLOT_CLOSING);
	} else if (slot->connection >= 0 && keep && slot_count(SLOT_KEPT) < KEPT_MAXIMUM) {
		park(slot, SLOT_KEPT);
	} else {
		slot_free(slot);
	}
}

static void
refuse(struct slot *slot)
{
	if (slot->length > 0)
		log_warning(
		    slot->ended
			? "the client closed the connection before the request was complete"
			: "not a FastCGI request as web servers send it; connection closed");
	slot_free(slot);
}

/* Returns true if the slot holds a complete request. Otherwise it waits, or has been freed. */
static bool
receive(struct slot *slot)
{
	enum guard_verdict verdict;

	if (slot->wait == SLOT_CLOSING) {
		if (!slot_drain(slot))
			slot_free(slot);
		return false;
	}
	verdict = slot_receive(slot);
	/* The deadline is for the whole request: more data does not extend it. */
	if (verdict == GUARD_REFUSED)
		refuse(slot);
	else if (verdict == GUARD_INCOMPLETE &&
		 (slot->wait == SLOT_ACTIVE || (slot->wait == SLOT_KEPT && slot->length > 0)))
		park(slot, SLOT_INCOMPLETE);
	return verdict == GUARD_COMPLETE;
}

/* Whether to continue after that error of accept(2); pauses if resources ran out. */
static bool
can_go_on(int error)
{
	static const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	bool is_shortage =
	    error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;

	switch (error) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	/* On TCP, network errors of a connection that is already gone (accept(2)). */
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ENONET:
		return true;
	}
	log_error("cannot accept: %s", strerror(error));
	if (is_shortage)
		nanosleep(&pause, NULL);
	return is_shortage;
}

/* Most requests are complete when accepted and need no epoll. */
static void
accept_connections(const struct service *service, int maximum)
{
	for (int i = 0; i < maximum; i++) {
		int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct slot *slot;

		if (connection < 0) {
			broken = !can_go_on(errno);
			return;
		}
		slot = slot_new(connection, &rules);
		if (receive(slot))
			answer_slot(service, slot);
	}
}

/*
 * How many connections to accept. A program that hashes passwords skips every other turn after an
 * answer: waiting logins belong in the backlog, which is bounded and shared with the other
 * processes. A program that stops still accepts one, because epoll may have told only this process
 * of it.
 */
static int
accepts_allowed(const struct service *service, bool answered)
{
	static bool skipped;

	skipped = service->endpoint->slow && answered && !skipped && !stopping;
	if (skipped)
		return 0;
	return service->endpoint->slow || stopping ? 1 : ACCEPTS_MAXIMUM;
}

/* The rest of the request may have arrived while another one was being answered. */
static void
end_incomplete(const struct service *service, struct slot *slot)
{
	bool late = slot->deadline <= clock_milliseconds();

	if (late && slot_receive(slot) == GUARD_COMPLETE) {
		answer_slot(service, slot);
		return;
	}
	if (slot->length > 0)
		log_warning(late ? "request not complete within JWT_REQUEST_TIMEOUT"
				 : "too many incomplete requests; the oldest is closed");
	slot_free(slot);
}

/* Closes connections after their deadline, and the oldest of too many incomplete ones. */
static void
expire(const struct service *service)
{
	int64_t now = clock_milliseconds();
	struct slot *first;

	while ((first = slot_first(SLOT_INCOMPLETE)) != NULL &&
	       (first->deadline <= now || slot_count(SLOT_INCOMPLETE) > INCOMPLETE_MAXIMUM ||
		   slot_memory() > MEMORY_MAXIMUM))
		end_incomplete(service, first);
	for (enum slot_wait wait = SLOT_KEPT; wait <= SLOT_CLOSING; wait++)
		while ((first = slot_first(wait)) != NULL && first->deadline <= now)
			slot_free(first);
}

/* Milliseconds until the first deadline, for epoll_wait(2); -1: there is none. */
static int
time_left(void)
{
	int64_t first = slot_deadline(), now;

	if (first == INT64_MAX)
		return -1;
	now = clock_milliseconds();
	return first <= now ? 0 : (int)(first - now);
}

/* Returns the number of events. */
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
		else if (receive(happened[i].data.ptr)) {
			answer_slot(service, happened[i].data.ptr);
			answered = true;
		}
	if (offered)
		accept_connections(service, accepts_allowed(service, answered));
	expire(service);
	return seen;
}

/* Answers requests already sent on keep-alive connections, then closes these connections. */
static void
end_kept(const struct service *service)
{
	for (int i = 0; i < STOP_ROUNDS && handle_events(service, 0) > 0; i++)
		continue;
	while (slot_first(SLOT_KEPT) != NULL)
		slot_free(slot_first(SLOT_KEPT));
}

bool
loop_run(const struct service *service)
{
	while (!stopping && !broken)
		handle_events(service, time_left());
	epoll_ctl(events, EPOLL_CTL_DEL, listening, NULL);
	epoll_ctl(events, EPOLL_CTL_DEL, signals, NULL);
	end_kept(service);
	while (slot_count(SLOT_INCOMPLETE) + slot_count(SLOT_CLOSING) > 0)
		handle_events(service, time_left());
	return !broken;
}
