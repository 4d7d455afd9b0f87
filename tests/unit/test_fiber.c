#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fiber.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char told[64]; /* what happened, a letter each */

static void
tell(char letter)
{
	told[strlen(told)] = letter;
}

static int
turn(int milliseconds)
{
	int ready[FIBER_READY_MAXIMUM];

	return fiber_turn(milliseconds, ready);
}

/* A pair of sockets, and a letter for what came of waiting for it. */
struct waiter {
	int pair[2];
	char letter;
	int64_t patience;
};

static void
wait_for_pair(void *argument)
{
	struct waiter *waiter = argument;
	bool ready = fiber_wait(waiter->pair[0], POLLIN, clock_milliseconds() + waiter->patience);

	tell(ready ? waiter->letter : '-');
}

static struct waiter
make_waiter(char letter, int64_t patience)
{
	struct waiter waiter = {.letter = letter, .patience = patience};

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, waiter.pair), 0);
	return waiter;
}

static void
end_waiter(struct waiter *waiter)
{
	close(waiter->pair[0]);
	close(waiter->pair[1]);
}

static void
test_waiting(void **state)
{
	struct waiter a = make_waiter('a', 60000), b = make_waiter('b', 60000),
		      late = make_waiter('l', 20);

	(void)state;
	memset(told, 0, sizeof(told));
	fiber_start(wait_for_pair, &a);
	fiber_start(wait_for_pair, &late);
	fiber_start(wait_for_pair, &b);
	assert_string_equal(told, "");
	assert_int_equal(write(b.pair[1], "x", 1), 1);
	turn(-1);
	assert_string_equal(told, "b");
	while (strlen(told) < 2)
		turn(-1);
	assert_string_equal(told, "b-");
	/* What comes after its deadline is nobody's. */
	assert_int_equal(write(late.pair[1], "x", 1), 1);
	assert_int_equal(turn(0), 0);
	assert_int_equal(write(a.pair[1], "x", 1), 1);
	turn(-1);
	assert_string_equal(told, "b-a");
	assert_true(fiber_none());
	end_waiter(&a);
	end_waiter(&b);
	end_waiter(&late);
}

static void
test_outside_of_a_fiber(void **state)
{
	struct waiter waiter = make_waiter('w', 0);

	(void)state;
	assert_false(fiber_wait(waiter.pair[0], POLLIN, clock_milliseconds() + 5));
	assert_false(fiber_wait(waiter.pair[0], POLLIN, clock_milliseconds() - 5));
	assert_int_equal(write(waiter.pair[1], "x", 1), 1);
	assert_true(fiber_wait(waiter.pair[0], POLLIN, clock_milliseconds() + 60000));
	end_waiter(&waiter);
}

static bool busy;

/* Two steps that nobody may come between. */
static void
take_turns(void *argument)
{
	while (busy)
		fiber_sleep(&busy);
	busy = true;
	tell(*(char *)argument);
	fiber_yield();
	tell(*(char *)argument);
	busy = false;
	fiber_wake(&busy);
}

static void
test_taking_turns(void **state)
{
	char names[] = "abc";

	(void)state;
	memset(told, 0, sizeof(told));
	for (size_t i = 0; i < 3; i++)
		fiber_start(take_turns, &names[i]);
	assert_string_equal(told, "a");
	while (!fiber_none())
		turn(-1);
	assert_string_equal(told, "aabbcc");
}

/* Something to read that main() watches. */
static struct waiter
make_offer(bool shared)
{
	struct waiter own = make_waiter('o', 0);

	memset(told, 0, sizeof(told));
	assert_true(fiber_watch(own.pair[0], shared));
	assert_int_equal(write(own.pair[1], "x", 1), 1);
	return own;
}

/* One that tells "y", yields, and tells it again. */
static void
start_turns(void)
{
	static char name = 'y';

	fiber_start(take_turns, &name);
}

static void
sleep_on(void *argument)
{
	fiber_sleep(argument);
	tell('s');
}

/* Only those that yield wait for what main() has. */
static void
test_who_is_woken_goes_on_at_once(void **state)
{
	struct waiter own = make_offer(false);
	int ready[FIBER_READY_MAXIMUM];

	(void)state;
	fiber_start(sleep_on, &own);
	start_turns();
	fiber_wake(&own);
	assert_int_equal(fiber_turn(-1, ready), 1);
	assert_string_equal(told, "ys");
	turn(-1);
	assert_string_equal(told, "ysy");
	end_waiter(&own);
}

/* main()'s descriptors come first: whoever gives way waits for what they bring. */
static void
test_main_goes_before_those_that_yield(void **state)
{
	struct waiter own = make_offer(false);
	int ready[FIBER_READY_MAXIMUM];

	(void)state;
	start_turns();
	assert_int_equal(fiber_turn(-1, ready), 1);
	assert_int_equal(ready[0], own.pair[0]);
	assert_string_equal(told, "y");
	assert_int_equal(fiber_turn(-1, ready), 0); /* it was watched for once */
	assert_string_equal(told, "yy");
	end_waiter(&own);
}

/* But not for ever, where they always bring something. */
static void
test_main_does_not_starve_those_that_yield(void **state)
{
	struct waiter own = make_offer(true);
	int ready[FIBER_READY_MAXIMUM];

	(void)state;
	start_turns();
	for (int i = 0; i < FIBERS_MAXIMUM; i++)
		assert_int_equal(fiber_turn(-1, ready), 1);
	assert_string_equal(told, "yy");
	end_waiter(&own);
}

static void
use_the_stack(void *argument)
{
	char deep[256 * 1024];

	memset(deep, *(char *)argument, sizeof(deep));
	fiber_yield();
	for (size_t i = 0; i < sizeof(deep); i++)
		assert_int_equal(deep[i], *(char *)argument);
	tell(*(char *)argument);
}

static void
test_all_at_once_on_stacks_of_their_own(void **state)
{
	char names[] = "abcdefghijklmnop";

	(void)state;
	memset(told, 0, sizeof(told));
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < FIBERS_MAXIMUM; i++) {
			assert_true(fiber_free());
			fiber_start(use_the_stack, &names[i]);
		}
		assert_false(fiber_free());
		while (!fiber_none())
			turn(-1);
	}
	assert_int_equal(strlen(told), 2 * FIBERS_MAXIMUM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_waiting),
	    cmocka_unit_test(test_outside_of_a_fiber),
	    cmocka_unit_test(test_who_is_woken_goes_on_at_once),
	    cmocka_unit_test(test_taking_turns),
	    cmocka_unit_test(test_main_goes_before_those_that_yield),
	    cmocka_unit_test(test_main_does_not_starve_those_that_yield),
	    cmocka_unit_test(test_all_at_once_on_stacks_of_their_own),
	};

	if (!fiber_open(FIBERS_MAXIMUM))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
