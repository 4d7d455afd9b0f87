/* What verifying costs, told from measurements of which some are disturbed. */
#include "accounts/cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { BCRYPT = 1, ARGON2 = 2 };

static void
assert_about(double expected, long found)
{
	assert_in_range(found, (long)(expected * 0.97), (long)(expected * 1.03));
}

static void
test_nothing_is_known_at_first(void **state)
{
	(void)state;
	assert_false(cost_is_known());
	assert_int_equal(0, cost_dearest());
	cost_learn_iterations(10, 5000);
	assert_false(cost_is_known());
	cost_learn_iterations(2000, 2000 * 250.0);
	assert_true(cost_is_known());
	assert_int_equal(0, cost_dearest());
}

/* The first measurement is believed, and forgotten if it was a bad one. */
static void
test_a_disturbed_one_is_forgotten(void **state)
{
	long cost = 0;

	(void)state;
	assert_about(80000, cost_learn_kind(BCRYPT, 80000 * 250.0));
	assert_about(80000, cost_dearest());
	for (int i = 0; i < 100; i++)
		cost = cost_learn_kind(BCRYPT, 40000 * 250.0);
	assert_about(40000, cost);
	assert_about(40000, cost_dearest());
}

static void
test_noise_does_not_raise_it_for_ever(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++)
		cost_learn_kind(BCRYPT, (i % 5 == 0 ? 400000 : 40000) * 250.0);
	assert_about(40000, cost_learn_kind(BCRYPT, 40000 * 250.0));
}

static void
test_kinds_are_told_apart(void **state)
{
	(void)state;
	assert_about(90000, cost_learn_kind(ARGON2, 90000 * 250.0));
	assert_about(40000, cost_learn_kind(BCRYPT, 40000 * 250.0));
	assert_about(90000, cost_dearest());
}

/* A machine that gets slower, or has more to do, is followed. */
static void
test_a_slower_machine(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		cost_learn_iterations(20000, 20000 * 500.0);
		cost_learn_kind(ARGON2, 90000 * 500.0);
	}
	assert_about(90000, cost_dearest());
}

/* Of more kinds than there is room for, the rest are just measured. */
static void
test_many_kinds(void **state)
{
	(void)state;
	for (uint64_t kind = 10; kind < 1000; kind++)
		assert_about(5000, cost_learn_kind(kind, 5000 * 500.0));
	assert_about(7000, cost_learn_kind(12345, 7000 * 500.0));
	assert_about(90000, cost_dearest());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_is_known_at_first),
	    cmocka_unit_test(test_a_disturbed_one_is_forgotten),
	    cmocka_unit_test(test_noise_does_not_raise_it_for_ever),
	    cmocka_unit_test(test_kinds_are_told_apart),
	    cmocka_unit_test(test_a_slower_machine),
	    cmocka_unit_test(test_many_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
