/* What verifying costs, told from measurements of which some are disturbed. */
#include "helpers.h"

#include "accounts/cost.h"

enum { BCRYPT = 1, ARGON2 = 2, SHA_CRYPT = 3 };

/* As of formats that the password's length does not matter to. */
static void
learn(uint64_t kind, double iterations)
{
	cost_learn(kind, (struct cost_law){.blocks = NULL}, 8, iterations);
}

static void
assert_about(double expected, long found)
{
	assert_in_range(found, (long)(expected * 0.97), (long)(expected * 1.03));
}

static void
test_nothing_is_known_at_first(void **state)
{
	(void)state;
	assert_int_equal(0, cost_dearest(8));
	assert_true(cost_clock() > 0);
}

/* The first measurement is believed, and forgotten if it was a bad one. */
static void
test_a_disturbed_one_is_forgotten(void **state)
{
	(void)state;
	learn(BCRYPT, 80000);
	assert_about(80000, cost_dearest(8));
	for (int i = 0; i < 40; i++)
		learn(BCRYPT, 40000);
	assert_about(40000, cost_dearest(8));
}

static void
test_noise_does_not_raise_it_for_ever(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++)
		learn(BCRYPT, i % 8 == 0 ? 4000000 : 40000 + i % 3);
	assert_in_range(cost_dearest(8), 40000, 44000);
}

/* Half of them by a half dearer: nearly all shall be below. */
static void
test_two_speeds_of_one_machine(void **state)
{
	int below = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		double measured = i / 10 % 2 == 0 ? 40000 : 60000;

		learn(BCRYPT, measured);
		below += measured <= (double)cost_dearest(8);
	}
	assert_true(below > 800);
}

static void
test_kinds_are_told_apart(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		learn(ARGON2, 90000);
		learn(BCRYPT, 40000);
	}
	assert_about(90000, cost_dearest(8));
}

/* What has become cheaper or dearer is followed. */
static void
test_another_machine(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		learn(ARGON2, 60000);
	assert_about(60000, cost_dearest(8));
	for (int i = 0; i < 100; i++)
		learn(ARGON2, 90000);
	assert_about(90000, cost_dearest(8));
}

static double
a_block_a_byte(size_t salt, size_t length)
{
	return (double)(salt + length);
}

/* What was learned with a short password holds for a long one. */
static void
test_a_law_of_lengths(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		cost_learn(SHA_CRYPT, (struct cost_law){a_block_a_byte, 10}, 10, 40000);
	assert_about(90000, cost_dearest(8));
	assert_about(2000 * 110, cost_dearest(100));
}

/* Of more kinds than there is room for, what is known stays. */
static void
test_many_kinds(void **state)
{
	(void)state;
	for (uint64_t kind = 10; kind < 1000; kind++)
		learn(kind, 5000);
	assert_about(90000, cost_dearest(8));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_is_known_at_first),
	    cmocka_unit_test(test_a_disturbed_one_is_forgotten),
	    cmocka_unit_test(test_noise_does_not_raise_it_for_ever),
	    cmocka_unit_test(test_two_speeds_of_one_machine),
	    cmocka_unit_test(test_kinds_are_told_apart),
	    cmocka_unit_test(test_another_machine),
	    cmocka_unit_test(test_a_law_of_lengths),
	    cmocka_unit_test(test_many_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
