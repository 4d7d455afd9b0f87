/* The guard, over whole requests, cut ones, and ones that libfcgi must not see. */
#include "helpers.h"

#include "http/guard.h"

#include <string.h>

/* Pieces of requests; \377 and the like are octal, lengths are those of the text. */
#define PIECE(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}
#define BEGIN      "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
#define KEEP       "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"
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
#define ENDS END_PARAMS END_STDIN

struct piece {
	const char *bytes;
	size_t length;
};

static const struct guard rules = {.body_maximum = 4096};

static enum guard_verdict
check(struct guard *guard, const char *bytes, size_t length)
{
	*guard = rules;
	return guard_check(guard, (const unsigned char *)bytes, length);
}

static void
whole_requests_are_complete(void **state)
{
	static const struct {
		struct piece piece;
		size_t body;
		bool keep;
	} rows[] = {
	    {PIECE(BEGIN METHOD ENDS), 0, false},
	    {PIECE(KEEP METHOD ENDS), 0, true},
	    {PIECE(BEGIN ENDS), 0, false}, /* without a method: an answer can say so */
	    {PIECE(BEGIN METHOD LENGTH_5 END_PARAMS BODY END_STDIN), 5, false},
	    {PIECE(BEGIN METHOD LENGTH_5 END_PARAMS BODY BODY END_STDIN), 10, false},
	    /* four bytes for a length; an empty value; a pair that two records cut */
	    {PIECE(BEGIN "\1\4\0\1\0\6\0\0\200\0\0\1\0A" ENDS), 0, false},
	    {PIECE(BEGIN "\1\4\0\1\0\3\0\0\3\3a\1\4\0\1\0\3\0\0bcd\1\4\0\1\0\2\0\0ef" ENDS), 0,
		false},
	    /* the largest id, and padding behind content */
	    {PIECE("\1\1\377\377\0\10\0\0\0\1\0\0\0\0\0\0"
		   "\1\4\377\377\0\4\2\0\1\1abxx\1\4\377\377\0\0\0\0\1\5\377\377\0\0\0\0"),
		0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct guard guard;

		assert_int_equal(
		    check(&guard, rows[i].piece.bytes, rows[i].piece.length), GUARD_COMPLETE);
		assert_int_equal(guard.checked, rows[i].piece.length);
		assert_int_equal(guard.head, rows[i].piece.length);
		assert_int_equal(guard.body, rows[i].body);
		assert_int_equal(guard.keep_connection, rows[i].keep);
	}
}

/* Cut anywhere, a request is not complete; what follows a whole one is not a part of it. */
static void
every_cut_is_incomplete(void **state)
{
	static const char whole[] = BEGIN METHOD LENGTH_5 END_PARAMS BODY END_STDIN BEGIN;
	size_t length = sizeof(whole) - sizeof(BEGIN);
	struct guard guard, grown = rules;

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		assert_int_equal(check(&guard, whole, cut), GUARD_INCOMPLETE);
		assert_int_equal(
		    guard_check(&grown, (const unsigned char *)whole, cut), GUARD_INCOMPLETE);
	}
	assert_int_equal(check(&guard, whole, sizeof(whole) - 1), GUARD_COMPLETE);
	assert_int_equal(guard.checked, length);
}

static void
what_libfcgi_must_not_read_is_refused(void **state)
{
	static const struct piece rows[] = {
	    PIECE("GET / HTTP/1.0\r\n\r\n"),
	    PIECE("\2\1\0\1\0\10\0\0"),             /* version 2 */
	    PIECE("\1\1\0\0\0\10\0\0"),             /* request id 0 */
	    PIECE("\1\1\0\1\0\7\0\0"),              /* short BEGIN_REQUEST */
	    PIECE("\1\1\0\1\0\10\1\0"),             /* padding behind it */
	    PIECE("\1\11\0\0\0\0\0\0"),             /* management: FCGI_GET_VALUES */
	    PIECE(BEGIN "\1\11\0\0\0\0\0\0"),       /* later */
	    PIECE(BEGIN BEGIN),                     /* begun twice */
	    PIECE(BEGIN "\1\1\0\2\0\10\0\0"),       /* a second request */
	    PIECE(BEGIN "\1\4\0\2\0\0\0\0"),        /* parameters of another request */
	    PIECE(BEGIN "\1\5\0\1\0\1\0\0"),        /* body before parameters */
	    PIECE(BEGIN METHOD "\1\5\0\1\0\0\0\0"), /* within them */
	    PIECE(BEGIN END_PARAMS METHOD),         /* parameters behind their end */
	    PIECE(BEGIN "\1\2\0\1\0\0\0\0"),        /* aborted */
	    PIECE(BEGIN "\1\10\0\1\0\0\0\0"),       /* FCGI_DATA */
	    PIECE(BEGIN "\1\4\0\1\0\0\1\0"),        /* padding behind an empty record */
	    PIECE(BEGIN METHOD END_PARAMS "\1\5\0\1\0\0\7\0"),
	    PIECE("\1\1\0\1\0\10\0\0\0\3\0\0\0\0\0\0"),     /* filter */
	    PIECE("\1\1\0\1\0\10\0\0\1\1\0\0\0\0\0\0"),     /* role 257 */
	    PIECE(AUTHORIZER),                              /* where none is served */
	    PIECE(BEGIN "\1\4\0\1\0\2\0\0\5\5" END_PARAMS), /* pair longer than its stream */
	    PIECE(BEGIN "\1\4\0\1\0\1\0\0\200" END_PARAMS), /* cut length */
	    PIECE(BEGIN "\1\4\0\1\0\3\0\0\1\1a" END_PARAMS),
	    PIECE(BEGIN "\1\4\0\1\0\2\0\0\0\0"),    /* empty name */
	    PIECE(BEGIN "\1\4\0\1\0\4\0\0\1\1=b"),  /* '=' in a name */
	    PIECE(BEGIN "\1\4\0\1\0\4\0\0\1\1a\0"), /* NUL in a value */
	    PIECE(BEGIN "\1\4\0\1\0\4\0\0\1\1\0a"), /* NUL in a name */
	    PIECE(BEGIN "\1\4\0\1\0\10\0\0\377\377\377\377\377\377\377\377" END_PARAMS),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct guard guard;

		assert_int_equal(check(&guard, rows[i].bytes, rows[i].length), GUARD_REFUSED);
	}
}

static void
an_authorizer_has_no_body(void **state)
{
	static const char bytes[] = AUTHORIZER METHOD END_PARAMS;
	struct guard guard = {.takes_authorizer = true};

	(void)state;
	assert_int_equal(
	    guard_check(&guard, (const unsigned char *)bytes, sizeof(bytes) - 1), GUARD_COMPLETE);
	assert_true(guard.authorizer);
	assert_int_equal(guard.head, sizeof(bytes) - 1);
}

/* Puts a record of `length` bytes at `at`; returns what is behind it. */
static size_t
put_record(unsigned char *bytes, size_t at, int type, size_t length)
{
	const unsigned char header[8] = {
	    1, (unsigned char)type, 0, 1, (unsigned char)(length >> 8), (unsigned char)length};

	memcpy(bytes + at, header, sizeof(header));
	memset(bytes + at + sizeof(header), 'x', length);
	return at + sizeof(header) + length;
}

/* Fed record by record, the memory in use never exceeds what is kept and one record. */
static enum guard_verdict
feed(struct guard *guard, unsigned char *bytes, size_t *length, int type, size_t record)
{
	enum guard_verdict verdict;

	*length = put_record(bytes, *length, type, record);
	verdict = guard_check(guard, bytes, *length);
	if (verdict == GUARD_INCOMPLETE)
		*length = guard_drop(guard, bytes, *length);
	return verdict;
}

static void
a_body_that_is_too_large_is_dropped(void **state)
{
	static unsigned char bytes[128 * 1024];
	static const char head[] = BEGIN METHOD END_PARAMS;
	struct guard guard = rules;
	size_t length = sizeof(head) - 1;

	(void)state;
	memcpy(bytes, head, length);
	assert_int_equal(feed(&guard, bytes, &length, 5, 4096), GUARD_INCOMPLETE);
	assert_false(guard.body_too_large);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(feed(&guard, bytes, &length, 5, 65535), GUARD_INCOMPLETE);
		assert_in_range(length, 0, sizeof(head));
	}
	assert_true(guard.body_too_large);
	assert_int_equal(feed(&guard, bytes, &length, 5, 0), GUARD_COMPLETE);
	assert_int_equal(guard.head, sizeof(head) - 1);
	assert_false(guard.parameters_too_large);
}

static void
parameters_that_are_too_large_are_dropped(void **state)
{
	static unsigned char bytes[256 * 1024];
	static const char pairs[] = "\1\4\0\1\377\375\0\0\1\377\377\377\363b";
	struct guard guard = rules;
	size_t length = sizeof(BEGIN) - 1;

	(void)state;
	memcpy(bytes, BEGIN, length);
	memcpy(bytes + length, pairs, sizeof(pairs) - 1);
	memset(bytes + length + sizeof(pairs) - 1, 'x', 65533 - 6);
	length += 8 + 65533;
	assert_int_equal(guard_check(&guard, bytes, length), GUARD_INCOMPLETE);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(feed(&guard, bytes, &length, 4, 1000), GUARD_INCOMPLETE);
		assert_in_range(length, 0, sizeof(BEGIN));
	}
	assert_true(guard.parameters_too_large);
	assert_int_equal(feed(&guard, bytes, &length, 4, 0), GUARD_INCOMPLETE);
	assert_int_equal(feed(&guard, bytes, &length, 5, 9999), GUARD_INCOMPLETE);
	assert_int_equal(feed(&guard, bytes, &length, 5, 0), GUARD_COMPLETE);
}

/* Headers of many small records count too: memory is bounded, and the client gets an answer. */
static void
many_small_records_are_too_large(void **state)
{
	static unsigned char bytes[512 * 1024];
	static const char head[] = BEGIN METHOD END_PARAMS;
	struct guard guard = {.body_maximum = 100000};
	size_t length = sizeof(head) - 1;

	(void)state;
	memcpy(bytes, head, length);
	for (int i = 0; i < 90000; i++) {
		assert_int_equal(feed(&guard, bytes, &length, 5, 1), GUARD_INCOMPLETE);
		assert_in_range(length, 0, guard_maximum(guard.body_maximum) + 9);
	}
	assert_true(guard.body_too_large);
	assert_int_equal(feed(&guard, bytes, &length, 5, 0), GUARD_COMPLETE);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_requests_are_complete),
	    cmocka_unit_test(every_cut_is_incomplete),
	    cmocka_unit_test(what_libfcgi_must_not_read_is_refused),
	    cmocka_unit_test(an_authorizer_has_no_body),
	    cmocka_unit_test(a_body_that_is_too_large_is_dropped),
	    cmocka_unit_test(parameters_that_are_too_large_are_dropped),
	    cmocka_unit_test(many_small_records_are_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
