/* The table of known owners. */
#include "accounts/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool
has(const struct known *known, const char *user_id, const char *digest)
{
	struct known_fact owner = {.user_id = user_id, .digest = digest};

	return known_has(known, &owner, NULL, NULL);
}

static void
add(struct known *known, const char *user_id, const char *digest)
{
	known_add(known, &(struct known_fact){.user_id = user_id, .digest = digest}, NULL);
}

static void
an_owner_is_found_as_it_was_judged(void **state)
{
	struct known *known = known_new(64, false);

	(void)state;
	assert_false(has(known, "1", NULL));
	add(known, "1", NULL);
	add(known, "2", "ABCD");
	assert_true(has(known, "1", NULL));
	assert_true(has(known, "2", "ABCD"));
	assert_false(has(known, "1", ""));
	assert_false(has(known, "1", "ABCD"));
	assert_false(has(known, "2", NULL));
	assert_false(has(known, "01", NULL));
	assert_false(has(known, "", NULL));
	assert_int_equal(known_count(known), 2);
	add(known, "1", NULL);
	assert_int_equal(known_count(known), 2);
}

static void
all_entries_of_a_user_are_removed(void **state)
{
	static const char *const gone[] = {"7", "9", "none", "7"};
	struct known *known = known_new(4096, false);
	char id[16], digest[16];

	(void)state;
	for (int user = 0; user < 20; user++)
		for (int i = 0; i < 10; i++) {
			snprintf(id, sizeof(id), "%d", user);
			snprintf(digest, sizeof(digest), "%d", i);
			add(known, id, digest);
		}
	assert_int_equal(known_count(known), 200);
	known_remove(known, gone, 4);
	assert_int_equal(known_count(known), 180);
	for (int i = 0; i < 10; i++) {
		snprintf(digest, sizeof(digest), "%d", i);
		assert_false(has(known, "7", digest));
		assert_false(has(known, "9", digest));
		assert_true(has(known, "8", digest));
	}
	known_remove(known, NULL, 0);
	assert_int_equal(known_count(known), 180);
	known_clear(known);
	assert_int_equal(known_count(known), 0);
	assert_false(has(known, "8", "1"));
}

/* Entries of a session go by its sid alone, those of its user by his id. */
static void
sessions_are_known_apart(void **state)
{
	static const char one[] = "00112233445566778899aabbccddeeff";
	static const char other[] = "ffeeddccbbaa99887766554433221100";
	struct known_fact owner = {.user_id = "1", .sid = one, .gen = 3};
	struct known *known = known_new(64, false);

	(void)state;
	known_add(known, &owner, NULL);
	add(known, "1", NULL);
	assert_true(known_has(known, &owner, NULL, NULL));
	owner.gen = 4;
	assert_false(known_has(known, &owner, NULL, NULL));
	known_add(known, &owner, NULL);
	owner.sid = other;
	assert_false(known_has(known, &owner, NULL, NULL));
	known_add(known, &owner, NULL);
	assert_int_equal(known_count(known), 4);
	known_remove(known, (const char *const[]){one}, 1);
	assert_int_equal(known_count(known), 2);
	assert_true(known_has(known, &owner, NULL, NULL));
	assert_true(has(known, "1", NULL));
	known_remove(known, (const char *const[]){"1"}, 1);
	assert_int_equal(known_count(known), 0);
}

/* One bucket: the fifth owner takes the place of the first. */
static void
the_oldest_of_a_full_bucket_goes(void **state)
{
	static const char *const ids[] = {"a", "b", "c", "d", "e", "f"};
	struct known *known = known_new(1, false);

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		add(known, ids[i], NULL);
		assert_true(has(known, ids[i], NULL));
		assert_int_equal(known_count(known), i < 4 ? i + 1 : 4);
	}
	assert_false(has(known, "a", NULL));
	assert_false(has(known, "b", NULL));
	assert_true(has(known, "c", NULL));
	known_remove(known, (const char *const[]){"d"}, 1);
	assert_true(has(known, "c", NULL));
	assert_true(has(known, "e", NULL));
	assert_int_equal(known_count(known), 3);
}

static void
names_are_kept_up_to_their_maximum(void **state)
{
	static const char longest[] = "1234567890123456789012345678901234567890";
	static const char too_long[] = "12345678901234567890123456789012345678901";
	struct known *known = known_new(1, true);
	struct arena *arena = arena_new();
	const char *name = NULL;

	(void)state;
	assert_int_equal(strlen(longest), KNOWN_NAME_MAXIMUM);
	known_add(known, &(struct known_fact){.user_id = "1"}, longest);
	known_add(known, &(struct known_fact){.user_id = "2"}, too_long);
	known_add(known, &(struct known_fact){.user_id = "3"}, NULL);
	known_add(known, &(struct known_fact){.user_id = "4"}, "");
	assert_int_equal(known_count(known), 2);
	assert_true(known_has(known, &(struct known_fact){.user_id = "1"}, arena, &name));
	assert_string_equal(name, longest);
	assert_true(known_has(known, &(struct known_fact){.user_id = "4"}, arena, &name));
	assert_string_equal(name, "");
	known_remove(known, (const char *const[]){"4"}, 1);
	assert_true(known_has(known, &(struct known_fact){.user_id = "1"}, arena, &name));
	assert_string_equal(name, longest);
	arena_free(arena);
}

/* The figure beside bucket_of(): 100,000 owners in 131,072 places. */
static void
few_owners_find_no_place(void **state)
{
	struct known *known = known_new(131072, false);
	char id[16];

	(void)state;
	for (int user = 0; user < 100000; user++) {
		snprintf(id, sizeof(id), "%d", user);
		add(known, id, NULL);
	}
	print_message("# without a place: %zu\n", 100000 - known_count(known));
	assert_in_range(known_count(known), 99000, 100000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_owner_is_found_as_it_was_judged),
	    cmocka_unit_test(all_entries_of_a_user_are_removed),
	    cmocka_unit_test(sessions_are_known_apart),
	    cmocka_unit_test(the_oldest_of_a_full_bucket_goes),
	    cmocka_unit_test(names_are_kept_up_to_their_maximum),
	    cmocka_unit_test(few_owners_find_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
