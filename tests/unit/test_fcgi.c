/* The FastCGI reader, spoken to over a socket pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/fcgi.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct arena *arena;
static struct fcgi fcgi;
static const struct config config = {
    .auth_header_name = "HTTP_AUTHORIZATION", .request_body_limit = 4096, .request_timeout = 1};

/* Pieces of requests; \377 and the like are octal, lengths are those of the text. */
#define PIECE(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}
#define BEGIN      "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
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

static bool
receive(const char *bytes, size_t length, bool close_writing, struct request *request, char *answer,
    size_t *answered)
{
	int pair[2];
	bool received;
	ssize_t got;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	if (length > 0)
		assert_int_equal(write(pair[1], bytes, length), length);
	if (close_writing)
		shutdown(pair[1], SHUT_WR);
	arena_reset(arena);
	*request = (struct request){.arena = arena, .config = &config};
	received = fcgi_receive(&fcgi, pair[0], request);
	fcgi_end(&fcgi);
	got = read(pair[1], answer, 256);
	*answered = got > 0 ? (size_t)got : 0;
	close(pair[1]);
	return received;
}

static void
whole_requests_are_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *body;
		enum wire defect;
	} rows[] = {
	    {BEGIN METHOD END_PARAMS END_STDIN, sizeof(BEGIN METHOD END_PARAMS END_STDIN) - 1, "",
		WIRE_OK},
	    {BEGIN METHOD LENGTH_5 END_PARAMS BODY END_STDIN,
		sizeof(BEGIN METHOD LENGTH_5 END_PARAMS BODY END_STDIN) - 1, "hello", WIRE_OK},
	    /* a record of another request in between, an unknown type, FCGI_DATA */
	    {BEGIN METHOD "\1\5\0\2\0\1\0\0x" LENGTH_5 END_PARAMS "\1\143\0\1\0\1\0\0x"
			  "\1\10\0\1\0\1\0\0x" BODY END_STDIN,
		sizeof(BEGIN METHOD "\1\5\0\2\0\1\0\0x" LENGTH_5 END_PARAMS "\1\143\0\1\0\1\0\0x"
				    "\1\10\0\1\0\1\0\0x" BODY END_STDIN) -
		    1,
		"hello", WIRE_OK},
	    /* the announced length is a lie */
	    {BEGIN METHOD END_PARAMS BODY END_STDIN,
		sizeof(BEGIN METHOD END_PARAMS BODY END_STDIN) - 1, "hello", WIRE_BAD_REQUEST},
	    /* no method */
	    {BEGIN END_PARAMS END_STDIN, sizeof(BEGIN END_PARAMS END_STDIN) - 1, "",
		WIRE_BAD_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request request;
		char answer[256];
		size_t answered;

		assert_true(
		    receive(rows[i].bytes, rows[i].length, true, &request, answer, &answered));
		assert_true(bytes_equal(request.body, rows[i].body));
		assert_int_equal(request.defect, rows[i].defect);
		assert_int_equal(answered, 0);
	}
}

/* Cut anywhere, a request is not complete: neither when the peer goes nor when it falls silent. */
static void
cut_requests_are_dropped(void **state)
{
	static const char whole[] = BEGIN METHOD LENGTH_5 END_PARAMS BODY END_STDIN;

	(void)state;
	for (size_t length = 0; length < sizeof(whole) - 1; length++) {
		struct request request;
		char answer[256];
		size_t answered;

		assert_false(receive(whole, length, true, &request, answer, &answered));
	}
}

static void
a_silent_peer_has_a_deadline(void **state)
{
	struct request request;
	char answer[256];
	size_t answered;

	(void)state;
	assert_false(receive(BEGIN, sizeof(BEGIN) - 1, false, &request, answer, &answered));
}

static void
what_is_not_the_protocol_ends_the_connection(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} rows[] = {
	    PIECE("GET / HTTP/1.0\r\n\r\n"),
	    PIECE("\2\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"), /* version 2 */
	    PIECE("\1\1\0\1\0\7\0\0\0\1\0\0\0\0\0"),    /* short BEGIN_REQUEST */
	    PIECE(BEGIN BEGIN),                         /* begun twice */
	    PIECE(BEGIN "\1\5\0\1\0\1\0\0x"),           /* body before parameters */
	    PIECE(BEGIN END_PARAMS METHOD),             /* parameters after their end */
	    PIECE(BEGIN
		"\1\4\0\1\0\2\0\0\5\5" END_PARAMS END_STDIN), /* pair longer than its stream */
	    PIECE(BEGIN "\1\4\0\1\0\1\0\0\200" END_PARAMS END_STDIN), /* cut length */
	    PIECE(BEGIN "\1\4\0\1\0\10\0\0\377\377\377\377\377\377\377\377" END_PARAMS END_STDIN),
	    PIECE(BEGIN "\1\2\0\1\0\0\0\0"),                   /* aborted */
	    PIECE("\1\1\0\1\0\10\0\0\0\3\0\0\0\0\0\0" METHOD), /* filter */
	    PIECE("\1\1\0\1\0\10\0\0\1\1\0\0\0\0\0\0" METHOD), /* role 257 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request request;
		char answer[256];
		size_t answered;

		assert_false(
		    receive(rows[i].bytes, rows[i].length, true, &request, answer, &answered));
	}
}

static void
management_records_are_answered(void **state)
{
	static const char values[] = "\1\11\0\0\0\0\0\0"
				     "\1\143\0\0\0\3\5\0"
				     "abcpadpa" BEGIN METHOD END_PARAMS END_STDIN;
	struct request request;
	char answer[256];
	size_t answered;

	(void)state;
	assert_true(receive(values, sizeof(values) - 1, true, &request, answer, &answered));
	assert_int_equal(answer[1], 10); /* FCGI_GET_VALUES_RESULT */
	assert_int_equal(answered, 8 + 51 + 16);
	assert_int_equal(answer[8 + 51 + 1], 11); /* FCGI_UNKNOWN_TYPE */
	assert_int_equal(answer[8 + 51 + 8], 99);
}

static void
a_second_request_is_refused(void **state)
{
	static const char both[] =
	    BEGIN "\1\1\0\2\0\10\0\0\0\1\0\0\0\0\0\0" METHOD END_PARAMS END_STDIN;
	struct request request;
	char answer[256];
	size_t answered;

	(void)state;
	assert_true(receive(both, sizeof(both) - 1, true, &request, answer, &answered));
	assert_int_equal(answered, 16);
	assert_int_equal(answer[1], 3);     /* FCGI_END_REQUEST */
	assert_int_equal(answer[3], 2);     /* of the second one */
	assert_int_equal(answer[8 + 4], 1); /* FCGI_CANT_MPX_CONN */
}

static void
too_much_is_told(void **state)
{
	static char large[16 + 30 + 8 + 65535 + 8 + 8];
	size_t at = 0;
	struct request request;
	char answer[256];
	size_t answered;

	(void)state;
	memcpy(large + at, BEGIN METHOD END_PARAMS, sizeof(BEGIN METHOD END_PARAMS) - 1);
	at += sizeof(BEGIN METHOD END_PARAMS) - 1;
	memcpy(large + at, "\1\5\0\1\377\377\0\0", 8);
	at += 8 + 65535;
	memcpy(large + at, END_STDIN, 8);
	assert_true(receive(large, at + 8, true, &request, answer, &answered));
	assert_int_equal(request.defect, WIRE_TOO_LARGE);
}

/* FCGI_KEEP_CONN: the connection stays only where the answer has left nothing behind. */
static void
connections_are_kept(void **state)
{
	static const struct {
		const char *flag, *behind;
		bool kept;
	} cases[] = {{"\1", "", true}, {"\0", "", false}, {"\1", BEGIN, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct request request = {.config = &config};
		char bytes[256] = BEGIN METHOD END_PARAMS END_STDIN;
		size_t length = sizeof(BEGIN METHOD END_PARAMS END_STDIN) - 1;
		int pair[2];

		bytes[10] = *cases[i].flag;
		memcpy(bytes + length, cases[i].behind, *cases[i].behind == '\0' ? 0 : 16);
		length += *cases[i].behind == '\0' ? 0 : 16;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
		assert_int_equal(write(pair[1], bytes, length), length);
		arena_reset(arena);
		request.arena = arena;
		assert_true(fcgi_receive(&fcgi, pair[0], &request));
		assert_true(
		    fcgi_answer(&fcgi, arena, bytes_of("Status: 200 OK\r\n\r\n"), bytes_of("")));
		fcgi_end(&fcgi);
		assert_int_equal(fcgi.keep, cases[i].kept);
		assert_int_equal(fcntl(pair[0], F_GETFD) != -1, cases[i].kept);
		if (cases[i].kept)
			close(pair[0]);
		close(pair[1]);
	}
}

/* An answer is one piece; a body longer than a record is spread over several. */
static void
answers_are_framed(void **state)
{
	static char body[70000], received[80000];
	int pair[2];
	size_t got = 0;
	ssize_t piece;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fcgi = (struct fcgi){.connection = pair[0], .request_id = 0x102};
	arena_reset(arena);
	assert_true(fcgi_answer(
	    &fcgi, arena, bytes_of("Status: 200 OK\r\n\r\n"), (struct bytes){body, sizeof(body)}));
	fcgi_end(&fcgi);
	while ((piece = read(pair[1], received + got, sizeof(received) - got)) > 0)
		got += (size_t)piece;
	close(pair[1]);
	assert_int_equal(got, 8 + 18 + 8 + 65528 + 8 + 4472 + 8 + 16);
	assert_memory_equal(received, "\1\6\1\2\0\22\0\0Status", 14);
	assert_memory_equal(
	    received + got - 24, "\1\6\1\2\0\0\0\0\1\3\1\2\0\10\0\0\0\0\0\0\0\0\0\0", 24);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_requests_are_read),
	    cmocka_unit_test(cut_requests_are_dropped),
	    cmocka_unit_test(a_silent_peer_has_a_deadline),
	    cmocka_unit_test(what_is_not_the_protocol_ends_the_connection),
	    cmocka_unit_test(management_records_are_answered),
	    cmocka_unit_test(a_second_request_is_refused),
	    cmocka_unit_test(too_much_is_told),
	    cmocka_unit_test(answers_are_framed),
	    cmocka_unit_test(connections_are_kept),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
