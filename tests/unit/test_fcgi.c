/*
 * Requests through the spool and libfcgi, answers over a socket pair. It uses members of libfcgi's
 * FCGX_Request that its header calls private: a library that changed them fails here.
 */
#include "helpers.h"

#include "base/clock.h"
#include "http/fcgi.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BEGIN      "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
#define AUTHORIZER "\1\1\0\1\0\10\0\0\0\2\0\0\0\0\0\0"
#define END_PARAMS "\1\4\0\1\0\0\0\0"
#define END_STDIN  "\1\5\0\1\0\0\0\0"
#define METHOD              \
	"\1\4\0\1\0\24\0\0" \
	"\16\4REQUEST_METHODPOST"
#define LENGTH_5            \
	"\1\4\0\1\0\21\0\0" \
	"\16\1CONTENT_LENGTH5"
#define BODY               \
	"\1\5\0\1\0\5\3\0" \
	"helloxyz"

static const struct config config = {.auth_header_name = "HTTP_AUTHORIZATION",
    .auth_header_types = (const char *const[]){"Bearer", NULL},
    .request_body_limit = 10000};

/* What the endpoint saw of the last request, and the body that it answers with. */
static struct {
	char method[8], body[10000];
	enum wire defect;
	bool authorizer;
	int64_t now;
} seen;
static struct bytes answer_body;

static struct reply
decide(struct request *request, struct context *context)
{
	struct reply reply = {.status = 200, .outcome = "ok", .body = answer_body};

	(void)context;
	memset(&seen, 0, sizeof(seen));
	if (request->method != NULL)
		memcpy(seen.method, request->method, strlen(request->method));
	memcpy(seen.body, request->body.data, request->body.length);
	seen.defect = request->defect;
	seen.authorizer = request->authorizer;
	seen.now = request->now;
	return reply;
}

static const struct endpoint endpoint = {.name = "test", .decide = decide};
static struct service service = {.endpoint = &endpoint, .config = &config};

/* One request; returns how many bytes of the answer came, all of them read. */
static size_t
ask(const char *bytes, size_t length, size_t body_maximum, char *answer, size_t size)
{
	struct guard guard = {.takes_authorizer = true, .body_maximum = body_maximum};
	size_t got = 0;
	ssize_t piece;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(guard_check(&guard, (const unsigned char *)bytes, length), GUARD_COMPLETE);
	assert_true(fcgi_answer(&service, pair[0], &guard, (const unsigned char *)bytes));
	assert_int_equal(fcntl(pair[0], F_GETFD), 0); /* libfcgi has left it open */
	close(pair[0]);
	while (got < size && (piece = read(pair[1], answer + got, size - got)) > 0)
		got += (size_t)piece;
	close(pair[1]);
	return got;
}

#define ASK(text, maximum, answer) ask(text, sizeof(text) - 1, maximum, answer, sizeof(answer))
#define ENDS_WITH(answer, got, text) \
	assert_memory_equal((answer) + (got) - (sizeof(text) - 1), text, sizeof(text) - 1)

static void
a_request_passes_through_libfcgi(void **state)
{
	char answer[1024];
	size_t got;

	(void)state;
	answer_body = bytes_of("good day");
	for (int i = 0; i < 3; i++) {
		got = ASK(BEGIN METHOD LENGTH_5 END_PARAMS BODY END_STDIN, 4096, answer);
		assert_string_equal(seen.method, "POST");
		assert_string_equal(seen.body, "hello");
		assert_int_equal(seen.defect, WIRE_OK);
		assert_in_range(clock_seconds() - seen.now, 0, 1);
		assert_memory_equal(answer, "\1\6\0\1", 4);
		assert_memory_equal(answer + 8, "Status: 200 OK\r\n", 16);
		ENDS_WITH(answer, got, "\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0");
		assert_non_null(memmem(answer, got, "\r\n\r\ngood day", 12));
	}
}

static void
what_was_dropped_is_told(void **state)
{
	static char large[sizeof(BEGIN) + 70000];
	char answer[1024];

	(void)state;
	answer_body = bytes_of("");
	ASK(BEGIN METHOD LENGTH_5 END_PARAMS BODY END_STDIN, 4, answer);
	assert_int_equal(seen.defect, WIRE_TOO_LARGE);
	assert_string_equal(seen.method, "POST");
	assert_string_equal(seen.body, "");

	memcpy(large, BEGIN "\1\4\0\1\377\377\0\0", 24);
	memcpy(large + 24 + 65535, "\1\4\0\1\0\2\0\0xx" END_PARAMS END_STDIN, 26);
	large[24] = large[25] = '\x7f';
	memset(large + 26, 'x', 65533);
	for (size_t at = 24; at < 24 + 65535; at += 256)
		memcpy(large + at, "\x7f\x7f", 2);
	ask(large, 24 + 65535 + 26, 4096, answer, sizeof(answer));
	assert_int_equal(seen.defect, WIRE_HEADERS_TOO_LARGE);
}

static void
an_authorizer_is_answered(void **state)
{
	char answer[1024];

	(void)state;
	answer_body = bytes_of("");
	ASK(AUTHORIZER METHOD END_PARAMS, 0, answer);
	assert_true(seen.authorizer);
}

/* Larger than libfcgi's buffer of 8,192 bytes. */
static void
a_large_body_is_whole(void **state)
{
	static char bytes[] =
	    BEGIN METHOD "\1\4\0\1\0\24\0\0\16\4CONTENT_LENGTH9000" END_PARAMS "\1\5\0\1\43\50\0\0";
	static char large[sizeof(bytes) + 9000 + 8];
	size_t length = sizeof(bytes) - 1;
	char answer[1024];

	(void)state;
	answer_body = bytes_of("");
	memcpy(large, bytes, length);
	for (size_t i = 0; i < 9000; i++)
		large[length + i] = (char)(i * 7);
	memcpy(large + length + 9000, END_STDIN, 8);
	ask(large, length + 9008, 10000, answer, sizeof(answer));
	assert_int_equal(seen.defect, WIRE_OK);
	assert_memory_equal(seen.body, large + length, 9000);
}

/* Larger than libfcgi's buffer, and than a record. */
static void
a_large_answer_is_whole(void **state)
{
	static char body[100000], answer[120000];
	size_t got;

	(void)state;
	memset(body, 'y', sizeof(body));
	answer_body = (struct bytes){body, sizeof(body)};
	got = ASK(BEGIN METHOD END_PARAMS END_STDIN, 0, answer);
	assert_in_range(got, sizeof(body), sizeof(answer) - 1);
	ENDS_WITH(answer, got, "\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0");
}

/* The connection is closed, and the next request is not disturbed. */
static void
a_peer_that_went_away(void **state)
{
	static const char bytes[] = BEGIN METHOD END_PARAMS END_STDIN;
	struct guard guard = {0};
	char answer[1024];
	int pair[2];

	(void)state;
	answer_body = bytes_of("");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	guard_check(&guard, (const unsigned char *)bytes, sizeof(bytes) - 1);
	assert_false(fcgi_answer(&service, pair[0], &guard, (const unsigned char *)bytes));
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	ASK(BEGIN METHOD END_PARAMS END_STDIN, 0, answer);
	assert_string_equal(seen.method, "POST");
}

/* Not what the guard lets pass: libfcgi refuses it, and the next request is not disturbed. */
static void
what_libfcgi_cannot_read(void **state)
{
	static const char record[] = "\1\143\0\1\0\10\0\0\0\0\0\0\0\0\0";
	static const char body[] =
	    BEGIN METHOD END_PARAMS "\1\5\0\1\0\5\0\0hello\1\143\0\1\0\0\0\0";
	static const struct {
		const char *bytes;
		struct guard guard;
	} rows[] = {{record, {.head = sizeof(record), .request_id = 1}},
	    /* found when the parameters have been read */
	    {body, {.head = sizeof(body) - 1, .request_id = 1, .body = 6}}};
	char answer[1024];

	(void)state;
	answer_body = bytes_of("");
	for (size_t i = 0; i < 3 * sizeof(rows) / sizeof(*rows); i++) {
		const unsigned char *bytes = (const unsigned char *)rows[i / 3].bytes;
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		assert_false(fcgi_answer(&service, pair[0], &rows[i / 3].guard, bytes));
		assert_int_equal(fcntl(pair[0], F_GETFD), -1);
		close(pair[1]);
		ASK(BEGIN METHOD END_PARAMS END_STDIN, 0, answer);
		assert_string_equal(seen.method, "POST");
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_passes_through_libfcgi),
	    cmocka_unit_test(what_was_dropped_is_told),
	    cmocka_unit_test(an_authorizer_is_answered),
	    cmocka_unit_test(a_large_body_is_whole),
	    cmocka_unit_test(a_large_answer_is_whole),
	    cmocka_unit_test(a_peer_that_went_away),
	    cmocka_unit_test(what_libfcgi_cannot_read),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	signal(SIGPIPE, SIG_IGN);
	if (!fcgi_open(10000))
		return 1;
	service.arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(service.arena);
	return failed;
}
