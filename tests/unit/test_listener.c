#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/listener.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 8

/* A stop is not kept waiting by those that always have something. */
static void
test_a_stop_while_always_somebody_comes(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listening = socket(AF_UNIX, SOCK_STREAM, 0), clients[CLIENTS], accepted = 0, connection;

	(void)state;
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(listening, CLIENTS), 0);
	assert_true(listener_start(listening, 0, 2));
	socklen_t size = sizeof(address);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(clients[i], (struct sockaddr *)&address, size), 0);
	}
	raise(SIGTERM);
	for (; (connection = listener_next()) >= 0; accepted++)
		close(connection);
	assert_true(listener_stopped());
	assert_in_range(accepted, 0, 2);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	close(listening);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_stop_while_always_somebody_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
