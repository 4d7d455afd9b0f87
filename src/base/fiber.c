/* Its longjmp(3) would take a jump to another stack for one into a frame that is gone. */
#undef _FORTIFY_SOURCE

#include "base/fiber.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/sanitized.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* Only what is used of it takes memory: a few pages, or for the deepest JSON a third of it. */
#define STACK_SIZE ((size_t)1024 * 1024)

enum state { FREE, RUNNING, WAITING, SLEEPING, WOKEN, YIELDING };

/* Where one goes on. */
struct place {
	sigjmp_buf here;
	struct stack stack;
};

struct fiber {
	struct place place;
	enum state state;
	void (*work)(void *);
	void *argument;
	int descriptor; /* WAITING: for this, or until the deadline */
	int64_t deadline;
	bool ready;
	const void *on; /* SLEEPING */
};

static struct fiber fibers[FIBERS_MAXIMUM];
static int count, used;
static int top;               /* above the last of those in use */
static struct fiber *current; /* NULL: main() */
static int passed_over;       /* in how many turns main() went before those that yield */
static struct place main_place;
static int events = -1; /* epoll's descriptor */

/* Beside a descriptor in epoll's data: it is main()'s own. */
#define OWN ((uint64_t)1 << 32)

/*
 * swapcontext(3) would make a system call for the signal mask, which all have in common. So a
 * fiber has a context only until it stands on its stack for the first time.
 */
static void
go(struct place *from, struct place *to)
{
	stack_leave(&from->stack, &to->stack);
	if (sigsetjmp(from->here, 0) == 0)
		siglongjmp(to->here, 1);
	stack_enter(&from->stack, NULL);
}

/* The bottom of every stack: one piece of work after the other. */
static void
run(void)
{
	stack_enter(&current->place.stack, &main_place.stack);
	for (;;) {
		go(&current->place, &main_place);
		current->work(current->argument);
		current->state = FREE;
		used--;
		while (top > 0 && fibers[top - 1].state == FREE)
			top--;
	}
}

/* A stack with a page at its end that nobody may touch, and run() on it. */
static bool
make(struct fiber *fiber)
{
	ucontext_t context;
	void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED || madvise(stack, STACK_SIZE, MADV_DONTDUMP) != 0 ||
	    mprotect(stack, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) != 0 ||
	    getcontext(&context) != 0)
		return false;
	context.uc_stack.ss_sp = stack;
	context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&context, run, 0);
	fiber->place.stack = (struct stack){.bottom = stack, .size = STACK_SIZE};
	current = fiber;
	stack_leave(&main_place.stack, &fiber->place.stack);
	if (sigsetjmp(main_place.here, 0) == 0)
		setcontext(&context);
	stack_enter(&main_place.stack, NULL);
	current = NULL;
	return true;
}

bool
fiber_open(int wanted)
{
	events = epoll_create1(EPOLL_CLOEXEC);
	while (events >= 0 && count < wanted && make(&fibers[count]))
		count++;
	if (count == wanted)
		return true;
	log_line("no room for %d requests at a time: %s", wanted, strerror(errno));
	return false;
}

bool
fiber_free(void)
{
	return used < count;
}

bool
fiber_none(void)
{
	return used == 0;
}

static void
resume(struct fiber *fiber)
{
	fiber->state = RUNNING;
	current = fiber;
	go(&main_place, &fiber->place);
	current = NULL;
}

static void
give_way(enum state state)
{
	current->state = state;
	go(&current->place, &main_place);
}

void
fiber_start(void (*work)(void *), void *argument)
{
	struct fiber *fiber = fibers;

	while (fiber->state != FREE)
		fiber++;
	fiber->work = work;
	fiber->argument = argument;
	used++;
	if (top <= fiber - fibers)
		top = (int)(fiber - fibers) + 1;
	resume(fiber);
}

/* Asks to be told once; a descriptor that was watched before is known already. */
static bool
watch_once(int descriptor, uint32_t what, uint64_t own)
{
	struct epoll_event event = {
	    .events = what | EPOLLONESHOT, .data.u64 = own | (uint32_t)descriptor};

	return epoll_ctl(events, EPOLL_CTL_MOD, descriptor, &event) == 0 ||
	       (errno == ENOENT && epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

bool
fiber_wait(int descriptor, short what, int64_t deadline)
{
	int64_t left = deadline - clock_milliseconds();

	if (left <= 0)
		return false;
	if (current == NULL) {
		struct pollfd wait = {.fd = descriptor, .events = what};
		int ready = poll(&wait, 1, (int)left);

		return ready > 0 || (ready < 0 && errno == EINTR);
	}
	/* epoll's events have the numbers of poll's (epoll_ctl(2)). */
	if (!watch_once(descriptor, (uint32_t)what, 0))
		return false;
	current->descriptor = descriptor;
	current->deadline = deadline;
	give_way(WAITING);
	return current->ready;
}

void
fiber_yield(void)
{
	if (current != NULL)
		give_way(YIELDING);
}

void
fiber_sleep(const void *on)
{
	current->on = on;
	give_way(SLEEPING);
}

void
fiber_wake(const void *on)
{
	for (int i = 0; i < top; i++)
		if (fibers[i].state == SLEEPING && fibers[i].on == on)
			fibers[i].state = WOKEN;
}

bool
fiber_watch(int descriptor, bool shared)
{
	struct epoll_event event = {
	    .events = EPOLLIN | EPOLLEXCLUSIVE, .data.u64 = OWN | (uint32_t)descriptor};

	return shared ? epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) == 0
		      : watch_once(descriptor, EPOLLIN, OWN);
}

void
fiber_unwatch(int descriptor)
{
	epoll_ctl(events, EPOLL_CTL_DEL, descriptor, NULL);
}

/* How long to wait: not at all if one can go on, and not beyond the first deadline. */
static int
until_deadline(int milliseconds)
{
	int64_t now = clock_milliseconds();

	for (int i = 0; i < top; i++) {
		int64_t left = fibers[i].state == WAITING ? fibers[i].deadline - now : 0;

		if (fibers[i].state == FREE || fibers[i].state == SLEEPING)
			continue;
		if (left <= 0)
			return 0;
		if (milliseconds < 0 || left < milliseconds)
			milliseconds = (int)left;
	}
	return milliseconds;
}

/* Nobody may wait for it any more, whose deadline came first. */
static void
resume_ready(int descriptor)
{
	for (int i = 0; i < top; i++)
		if (fibers[i].state == WAITING && fibers[i].descriptor == descriptor) {
			fibers[i].ready = true;
			resume(&fibers[i]);
			return;
		}
}

static void
resume_late(void)
{
	int64_t now = clock_milliseconds();

	for (int i = 0; i < top; i++)
		if (fibers[i].state == WAITING && fibers[i].deadline <= now) {
			fiber_unwatch(fibers[i].descriptor);
			fibers[i].ready = false;
			resume(&fibers[i]);
		}
}

static void
resume_all(enum state state)
{
	for (int i = 0; i < top; i++)
		if (fibers[i].state == state)
			resume(&fibers[i]);
}

int
fiber_turn(int milliseconds, int ready[static FIBER_READY_MAXIMUM])
{
	struct epoll_event happened[FIBER_READY_MAXIMUM];
	int seen, own = 0;

	seen = epoll_wait(events, happened, FIBER_READY_MAXIMUM, until_deadline(milliseconds));
	for (int i = 0; i < seen; i++) {
		int descriptor = (int)(uint32_t)happened[i].data.u64;

		if ((happened[i].data.u64 & OWN) != 0)
			ready[own++] = descriptor;
		else
			resume_ready(descriptor);
	}
	resume_late();
	resume_all(WOKEN);
	if (own == 0 || ++passed_over == FIBERS_MAXIMUM) {
		passed_over = 0;
		resume_all(YIELDING);
	}
	return own;
}
