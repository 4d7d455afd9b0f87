/* Counters, in a file that others may have written to. */
#include "helpers.h"

#include "base/metrics.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/jwt-fcgi-metrics-XXXXXX", path[64], pipe_path[64];

static int
open_folder(void **state)
{
	(void)state;
	arena = arena_new();
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/hello.metrics", folder);
	snprintf(pipe_path, sizeof(pipe_path), "%s/pipe.metrics", folder);
	metrics_open(folder, "hello");
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	arena_free(arena);
	unlink(path);
	unlink(pipe_path);
	return rmdir(folder);
}

static const char *
written(void)
{
	struct buffer out = {.arena = arena};

	assert_true(metrics_write(arena, folder, &out));
	return out.data;
}

static void
counts_answers(void **state)
{
	(void)state;
	metrics_request(200, "ok", 1500);
	metrics_request(200, "ok", 1500);
	metrics_request(401, "no-token", 10);
	assert_non_null(strstr(written(),
	    "jwt_fcgi_requests_total{program=\"hello\",status=\"200\",outcome=\"ok\"} 2\n"
	    "jwt_fcgi_requests_total{program=\"hello\",status=\"401\",outcome=\"no-token\"} 1\n"));
	assert_non_null(strstr(
	    written(), "jwt_fcgi_request_duration_seconds_sum{program=\"hello\"} 0.003010\n"));
}

static void
an_unknown_outcome_is_counted_as_other(void **state)
{
	(void)state;
	metrics_request(200, "no-such-outcome", 1);
	metrics_request(201, "ok", 1);
	assert_non_null(strstr(written(), "status=\"0\",outcome=\"other\"} 2\n"));
}

/* Another process of the same user may write anything into the file. */
static void
only_numbers_are_read(void **state)
{
	static const char forged[] = "ok\"} 1\nforged{program=\"token\"} 1\n";
	int file = open(path, O_WRONLY);

	(void)state;
	assert_true(file >= 0);
	for (off_t at = 8; at < 160; at += 8)
		assert_int_equal(pwrite(file, forged, sizeof(forged), at), sizeof(forged));
	close(file);
	assert_null(strstr(written(), "forged"));
}

static void
another_layout_starts_at_zero(void **state)
{
	int file = open(path, O_WRONLY);

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(pwrite(file, "another release", 15, 0), 15);
	close(file);
	assert_null(strstr(written(), "outcome="));
	metrics_open(folder, "hello");
	assert_non_null(strstr(written(), "_count{program=\"hello\"} 0\n"));
	metrics_request(200, "ok", 1);
	assert_non_null(strstr(written(), "outcome=\"ok\"} 1\n"));
}

static void
a_pipe_is_not_waited_for(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	alarm(10);
	assert_null(strstr(written(), "pipe"));
	alarm(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_answers),
	    cmocka_unit_test(an_unknown_outcome_is_counted_as_other),
	    cmocka_unit_test(only_numbers_are_read),
	    cmocka_unit_test(another_layout_starts_at_zero),
	    cmocka_unit_test(a_pipe_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, open_folder, remove_folder);
}
