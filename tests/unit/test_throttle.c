/* Throttling, with a clock of the tests' own and a table in a file of their own. */
#include "helpers.h"

#include "accounts/throttle.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOUR 3600
#define NOW  1800000000

static char path[] = "/tmp/jwt-fcgi-throttle-XXXXXX";
static struct config config = {.throttle = true,
    .throttle_file = path,
    .throttle_address_tries = 20,
    .throttle_name_tries = 10};
static struct throttle *throttle;

static int
open_table(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	close(mkstemp(path));
	unlink(path);
	throttle = throttle_open(&config);
	return throttle == NULL ? -1 : 0;
}

static int
remove_table(void **state)
{
	(void)state;
	return unlink(path);
}

static long
try_login(const char *address, const char *name, int64_t now, enum verdict verdict)
{
	struct attempt attempt;
	long wait = throttle_try(throttle, address, bytes_of(name), now, &attempt);

	if (wait == 0)
		throttle_settle(throttle, &attempt, verdict, now);
	return wait;
}

static const char *
address_of(long number)
{
	static char address[32];

	snprintf(address, sizeof(address), "10.%ld.%ld.%ld", number >> 16 & 255, number >> 8 & 255,
	    number & 255);
	return address;
}

static void
waits_increase_for_a_pair(void **state)
{
	static const long waits[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900};
	int64_t now = NOW;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(try_login("192.0.2.1", "bob", now, VERDICT_NO), 0);
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		assert_int_equal(try_login("192.0.2.1", "bob", now, VERDICT_NO), waits[i]);
		assert_int_equal(try_login("192.0.2.1", "bob", now + waits[i] - 1, VERDICT_NO), 1);
		now += waits[i];
		assert_int_equal(try_login("192.0.2.1", "bob", now, VERDICT_NO), 0);
	}
	/* Another name and another address are not concerned; silence is forgotten. */
	assert_int_equal(try_login("192.0.2.1", "carol", now + 61, VERDICT_NO), 0);
	assert_int_equal(try_login("192.0.2.2", "dave", now, VERDICT_NO), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(try_login("192.0.2.1", "bob", now + 24 * HOUR, VERDICT_NO), 0);
}

static void
what_succeeds_is_not_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(try_login("192.0.2.1", "bob", NOW, VERDICT_YES), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(try_login("192.0.2.3", "eve", NOW, VERDICT_UNDECIDED), 0);
}

/* Whoever guesses, from as many addresses as he likes, as often as he is let. */
static void
a_name_is_tried_at_most_100_times_in_any_hour(void **state)
{
	static int tried[8 * HOUR];
	long number = 0, most = 0, all = 0;

	(void)state;
	memset(tried, 0, sizeof(tried));
	assert_int_equal(try_login("198.51.100.1", "owner", NOW - 1, VERDICT_YES), 0);
	for (int second = 0; second < 8 * HOUR; second += (int)step(5)) {
		/* He rests for two hours, and comes back with all the tries that were forgotten. */
		if (second > 3 * HOUR && second < 5 * HOUR)
			continue;
		for (int i = 0; i < 3; i++)
			tried[second] +=
			    try_login(address_of(number++), "owner", NOW + second, VERDICT_NO) == 0;
		/* A second one sits beside the owner. */
		tried[second] += try_login("198.51.100.1", "owner", NOW + second, VERDICT_NO) == 0;
	}
	for (int second = 0; second < 8 * HOUR; second++) {
		all += tried[second] - (second >= HOUR ? tried[second - HOUR] : 0);
		most = all > most ? all : most;
	}
	assert_in_range(most, 50, 100);
}

static void
the_owner_gets_in_at_a_known_address(void **state)
{
	(void)state;
	assert_int_equal(try_login("2001:db8:1:2::1", "owner", NOW, VERDICT_YES), 0);
	for (long i = 0; i < 20000; i++) {
		try_login(address_of(i), "owner", NOW + i, VERDICT_NO);
		if (i % 100 == 0) /* the same /64 */
			assert_int_equal(
			    try_login("2001:db8:1:2::abcd", "owner", NOW + i, VERDICT_YES), 0);
	}
	assert_true(try_login("2001:db8:1:3::1", "owner", NOW + 20000, VERDICT_YES) > 0);
	assert_int_equal(try_login("2001:db8:1:2::9", "owner", NOW + 20000, VERDICT_YES), 0);
}

static void
an_address_cannot_try_many_names(void **state)
{
	char name[32];
	int tried = 0;

	(void)state;
	for (int second = 0; second < HOUR; second++) {
		snprintf(name, sizeof(name), "user%d", second);
		tried += try_login("2001:db8::1", name, NOW + second, VERDICT_NO) == 0;
	}
	assert_in_range(tried, 20, 150);
	/* The whole /64 waits, its neighbour does not. */
	assert_true(try_login("2001:db8::ffff:1", "x", NOW + HOUR, VERDICT_NO) > 0);
	assert_int_equal(try_login("2001:db8:0:1::1", "x", NOW + HOUR, VERDICT_NO), 0);
}

static void
spellings_of_an_address_and_a_name_are_one(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(try_login(i % 2 ? "192.0.2.1" : "::ffff:192.0.2.1",
				     i % 2 ? "Bob" : "bOB", NOW, VERDICT_NO),
		    0);
	assert_true(try_login("192.0.2.1", "bob", NOW, VERDICT_NO) > 0);
}

/* A server that does not say the address must not make one of all clients. */
static void
without_an_address_names_are_counted(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		assert_int_equal(try_login(i % 2 ? NULL : "", name, NOW, VERDICT_NO), 0);
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(try_login(NULL, "bob", NOW, VERDICT_NO), 0);
	assert_true(try_login(NULL, "bob", NOW, VERDICT_NO) > 0);
}

static void
a_flood_of_names_makes_nothing_forgotten(void **state)
{
	char name[32];

	(void)state;
	assert_int_equal(try_login("198.51.100.1", "owner", NOW, VERDICT_YES), 0);
	for (int i = 0; i < 80; i++)
		try_login(address_of(i), "victim", NOW + i, VERDICT_NO);
	for (long i = 0; i < 30000 / (long)step(20); i++) {
		snprintf(name, sizeof(name), "n%ld", i);
		try_login(address_of(1000 + i), name, NOW + 80 + i / 400, VERDICT_NO);
	}
	assert_true(try_login("203.0.113.1", "victim", NOW + 90, VERDICT_NO) > 0);
	for (int i = 0; i < 20; i++)
		try_login(address_of(i), "owner", NOW, VERDICT_NO);
	assert_int_equal(try_login("198.51.100.1", "owner", NOW, VERDICT_YES), 0);
}

static void
a_clock_that_is_set_costs_at_most_one_wait(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		try_login("192.0.2.1", "bob", NOW + i * HOUR / 100, VERDICT_NO);
	assert_in_range(try_login("192.0.2.1", "bob", NOW - 1000000, VERDICT_NO), 0, 900);
	assert_int_equal(try_login("192.0.2.1", "bob", NOW - 1000000 + 901, VERDICT_NO), 0);
	assert_int_equal(try_login("192.0.2.1", "bob", NOW + 1000000, VERDICT_NO), 0);
}

/* Two processes, one of which is killed again and again: what is counted stays, nothing hangs. */
static void
workers_share_the_counts_and_survive_each_other(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			throttle = throttle_open(&config);
			for (long i = 0;; i++)
				try_login(address_of(i), "shared", NOW, VERDICT_NO);
		}
		usleep(3000);
		for (long i = 0; i < 100; i++)
			try_login(address_of(70000 + i), "shared", NOW, VERDICT_NO);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	assert_in_range(try_login("203.0.113.1", "shared", NOW, VERDICT_NO), 1, 120);
	throttle = throttle_open(&config);
	assert_in_range(try_login("203.0.113.1", "shared", NOW, VERDICT_NO), 1, 120);
	assert_int_equal(try_login("203.0.113.1", "another", NOW, VERDICT_NO), 0);
}

/* Of eight processes that try at the same moment, as many get through as one would. */
static void
tries_at_the_same_moment_are_counted_each(void **state)
{
	int pipes[2];
	char got[4096];
	ssize_t passed;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	for (int worker = 0; worker < 8; worker++)
		if (fork() == 0) {
			for (long i = 0; i < 200; i++)
				if (try_login(address_of(worker * 1000 + i), "raced", NOW,
					VERDICT_NO) == 0)
					(void)!write(pipes[1], "x", 1);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	close(pipes[1]);
	passed = read(pipes[0], got, sizeof(got));
	close(pipes[0]);
	assert_int_equal(passed, 10);
}

static void
another_file_is_refused(void **state)
{
	struct config other = config;

	(void)state;
	other.throttle_file = "/nonexistent/file";
	assert_null(throttle_open(&other));
	assert_int_equal(chmod(path, 0644), 0);
	assert_null(throttle_open(&config));
	assert_int_equal(chmod(path, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_null(throttle_open(&config));
		assert_int_equal(chown(path, 0, 0), 0);
	}
	assert_int_equal(truncate(path, 100), 0);
	assert_null(throttle_open(&config));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/tmp/elsewhere", path), 0);
	assert_null(throttle_open(&config));
}

/* The tries of an hour, one each second; others are what another client or address does. */
static void
secrets_of_clients(void **state)
{
	long refused = 0;

	(void)state;
	for (int64_t now = NOW; now < NOW + HOUR; now++) {
		if (throttle_client_wait(throttle, "192.0.2.1", "web", now) == 0) {
			throttle_client_refused(throttle, "192.0.2.1", "web", now);
			refused++;
		}
		assert_int_equal(throttle_client_wait(throttle, "192.0.2.2", "web", now), 0);
		assert_int_equal(throttle_client_wait(throttle, "192.0.2.1", "other", now), 0);
		assert_int_equal(throttle_client_wait(throttle, "", "web", now), 0);
		assert_int_equal(throttle_client_wait(throttle, NULL, "web", now), 0);
		assert_int_equal(throttle_client_wait(NULL, "192.0.2.1", "web", now), 0);
	}
	assert_in_range(refused, 20, 32);
	assert_in_range(throttle_client_wait(throttle, "192.0.2.1", "web", NOW + HOUR), 1, 300);
	/* A wait that is over stays over as long as the secret is right: nothing is counted then.
	 */
	assert_int_equal(throttle_client_wait(throttle, "192.0.2.1", "web", NOW + HOUR + 300), 0);
	assert_int_equal(throttle_client_wait(throttle, "192.0.2.1", "web", NOW + 2 * HOUR), 0);
	assert_int_equal(try_login("192.0.2.1", "web", NOW + HOUR, VERDICT_NO), 0);
	throttle_forgive(throttle, "192.0.2.1", "web");
	assert_int_equal(throttle_client_wait(throttle, "192.0.2.1", "web", NOW + HOUR), 0);
}

/*
 * A wrong secret costs the server no hash, so an attacker with many /64s can send far more of them
 * than wrong passwords. Each of the names has used up its free tries.
 */
static void
a_flood_of_secrets_makes_no_login_forgotten(void **state)
{
	char name[32], address[48];
	long kept = 0;

	(void)state;
	for (long i = 0; i < 1000; i++)
		for (int k = 0; k < 10; k++) {
			snprintf(name, sizeof(name), "victim%ld", i);
			try_login(address_of(i * 10 + k), name, NOW, VERDICT_NO);
		}
	for (long i = 0; i < 140000 / (long)step(20); i++) {
		snprintf(address, sizeof(address), "2001:db8:%lx:%lx::", i >> 16, i & 0xffff);
		for (int k = 0; k < 12; k++)
			throttle_client_refused(throttle, address, "web", NOW + 60);
	}
	for (long i = 0; i < 1000; i++) {
		struct attempt attempt;

		snprintf(name, sizeof(name), "victim%ld", i);
		kept += throttle_try(
			    throttle, address_of(50000 + i), bytes_of(name), NOW, &attempt) > 0;
	}
	assert_int_equal(kept, 1000);
	/* And the last client that had to wait still has to. */
	assert_true(throttle_client_wait(throttle, address, "web", NOW + 60) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(waits_increase_for_a_pair, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(what_succeeds_is_not_counted, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		a_name_is_tried_at_most_100_times_in_any_hour, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		the_owner_gets_in_at_a_known_address, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		an_address_cannot_try_many_names, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		spellings_of_an_address_and_a_name_are_one, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		without_an_address_names_are_counted, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		a_flood_of_names_makes_nothing_forgotten, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		a_clock_that_is_set_costs_at_most_one_wait, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		workers_share_the_counts_and_survive_each_other, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		tries_at_the_same_moment_are_counted_each, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(secrets_of_clients, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(
		a_flood_of_secrets_makes_no_login_forgotten, open_table, remove_table),
	    cmocka_unit_test_setup_teardown(another_file_is_refused, open_table, remove_table),
	};

	log_open("test_throttle");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
