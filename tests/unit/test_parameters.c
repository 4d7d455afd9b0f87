/* Known parameters of queries and bodies, and the credentials of an Authorization header. */
#include "helpers.h"

#include "http/form.h"
#include "http/parameters.h"
#include "http/request.h"

#define FORM "application/x-www-form-urlencoded"

static struct config config = {.auth_header_name = "HTTP_AUTHORIZATION"};

static struct request
new_request(void)
{
	arena_reset(arena);
	return (struct request){.arena = arena, .config = &config, .method = "POST"};
}

/* "value", or what is to say of a parameter without one. */
static const char *
shown(const struct parameter *parameter)
{
	if (parameter->repeated)
		return "(repeated)";
	if (parameter->too_long)
		return "(too long)";
	if (parameter->value != NULL)
		return parameter->value;
	return parameter->given ? "(empty)" : "(absent)";
}

/* The parameters scope (8 bytes at most) and state of each text. */
static const struct {
	const char *text;
	enum parameters_fault fault;
	const char *scope, *state;
} rows[] = {
    {NULL, PARAMETERS_GOOD, "(absent)", "(absent)"},
    {"", PARAMETERS_GOOD, "(absent)", "(absent)"},
    {"scope=a&state=b", PARAMETERS_GOOD, "a", "b"},
    {"state=b&scope=a", PARAMETERS_GOOD, "a", "b"},
    {"&&scope=a&&", PARAMETERS_GOOD, "a", "(absent)"},
    {"scope=a+b%20c", PARAMETERS_GOOD, "a b c", "(absent)"},
    {"%73cope=a", PARAMETERS_GOOD, "a", "(absent)"},
    {"scope=a=b", PARAMETERS_GOOD, "a=b", "(absent)"},
    {"scope=%c3%A9\xc3\xa9", PARAMETERS_GOOD, "\xc3\xa9\xc3\xa9", "(absent)"},
    {"scope=a;b", PARAMETERS_GOOD, "a;b", "(absent)"},
    {"scope=%0d%0a%3Cb%3E", PARAMETERS_GOOD, "\r\n<b>", "(absent)"},
    {"Scope=a&scope+=b&scopes=c&scop=d", PARAMETERS_GOOD, "(absent)", "(absent)"},
    {"scope=&state", PARAMETERS_GOOD, "(empty)", "(empty)"},
    {"extra=1&extra=2&scope=a", PARAMETERS_GOOD, "a", "(absent)"},
    {"scope=a&scope=a", PARAMETERS_GOOD, "(repeated)", "(absent)"},
    {"scope=&scope=a&state=b", PARAMETERS_GOOD, "(repeated)", "b"},
    {"scope=a&scope", PARAMETERS_GOOD, "(repeated)", "(absent)"},
    {"scope=a&scope=b&scope=c", PARAMETERS_GOOD, "(repeated)", "(absent)"},
    {"scope=12345678", PARAMETERS_GOOD, "12345678", "(absent)"},
    {"scope=%31%32%33%34%35%36%37%38", PARAMETERS_GOOD, "12345678", "(absent)"},
    {"scope=123456789&state=b", PARAMETERS_GOOD, "(too long)", "b"},
    {"scope=%", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"scope=%4", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"scope=%zz", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"scope=%4g&state=b", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"state=b&scope=%00", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"state=b&sco%00pe=a", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"state=b&other=%ff", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"scope=\xc3", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"scope=%c0%80", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
    {"scope=%ed%a0%80", PARAMETERS_MALFORMED, "(absent)", "(absent)"},
};

static void
parameters_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		struct parameter known[] = {{"scope", .maximum = 8}, {.name = "state"}};
		struct request request = new_request();
		size_t row = i / 2;
		bool body = i % 2 == 1;

		request.content_type = FORM;
		*(body ? &request.body : &(struct bytes){NULL, 0}) = bytes_of(rows[row].text);
		request.query = body ? "scope=other" : rows[row].text;
		assert_int_equal(body ? parameters_of_body(&request, known, 2)
				      : parameters_of_query(&request, known, 2),
		    rows[row].fault);
		assert_string_equal(shown(&known[0]), rows[row].scope);
		assert_string_equal(shown(&known[1]), rows[row].state);
	}
}

static void
lengths_have_a_default(void **state)
{
	struct parameter known[] = {{.name = "a"}};
	struct request request = new_request();

	(void)state;
	request.query = repeated("a=", "%41", PARAMETER_MAXIMUM, "").data;
	assert_int_equal(parameters_of_query(&request, known, 1), PARAMETERS_GOOD);
	assert_int_equal(strlen(known[0].value), PARAMETER_MAXIMUM);
	request.query = repeated("a=", "x", PARAMETER_MAXIMUM + 1, "").data;
	assert_int_equal(parameters_of_query(&request, known, 1), PARAMETERS_GOOD);
	assert_true(known[0].too_long && known[0].value == NULL);
}

static void
their_number_has_a_limit(void **state)
{
	struct parameter known[] = {{.name = "a"}};
	struct request request = new_request();

	(void)state;
	request.query = repeated("a=1", "&b=2", FORM_FIELDS_MAXIMUM - 1, "").data;
	assert_int_equal(parameters_of_query(&request, known, 1), PARAMETERS_GOOD);
	assert_string_equal(known[0].value, "1");
	request.query = repeated("a=1", "&b=2", FORM_FIELDS_MAXIMUM, "").data;
	assert_int_equal(parameters_of_query(&request, known, 1), PARAMETERS_TOO_MANY);
	assert_null(known[0].value);
}

static void
bodies_have_a_media_type(void **state)
{
	static const struct {
		const char *type, *body;
		enum parameters_fault fault;
	} bodies[] = {
	    {FORM, "a=1", PARAMETERS_GOOD},
	    {"Application/X-WWW-Form-Urlencoded; charset=UTF-8", "a=1", PARAMETERS_GOOD},
	    {FORM ";charset=\"utf-8\"", "a=1", PARAMETERS_GOOD},
	    {FORM "; charset=ISO-8859-1", "a=1", PARAMETERS_GOOD},
	    {FORM "; charset=ISO-8859-1", "a=%e9", PARAMETERS_MALFORMED},
	    {FORM "; charset=utf-16", "a=1", PARAMETERS_MEDIA_TYPE},
	    {"application/json", "{}", PARAMETERS_MEDIA_TYPE},
	    {"multipart/form-data; boundary=x", "a=1", PARAMETERS_MEDIA_TYPE},
	    {"*/*", "a=1", PARAMETERS_MEDIA_TYPE},
	    {"application/*", "a=1", PARAMETERS_MEDIA_TYPE},
	    {"", "a=1", PARAMETERS_MEDIA_TYPE},
	    {NULL, "a=1", PARAMETERS_MEDIA_TYPE},
	    {NULL, "", PARAMETERS_GOOD},
	    {"application/json", "", PARAMETERS_GOOD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct parameter known[] = {{.name = "a", .value = "of before", .repeated = true}};
		struct request request = new_request();
		bool there = bodies[i].fault == PARAMETERS_GOOD && *bodies[i].body != '\0';

		request.content_type = bodies[i].type;
		request.body = bytes_of(bodies[i].body);
		assert_int_equal(parameters_of_body(&request, known, 1), bodies[i].fault);
		assert_string_equal(shown(&known[0]), there ? "1" : "(absent)");
	}
}

static void
basic_credentials_are_read(void **state)
{
	static const struct {
		const char *header;
		enum header_found found;
		const char *id, *secret;
	} headers[] = {
	    {NULL, HEADER_NONE, NULL, NULL},
	    {"", HEADER_NONE, NULL, NULL},
	    {"Bearer YTpi", HEADER_NONE, NULL, NULL},
	    {"Basics YTpi", HEADER_NONE, NULL, NULL},
	    {"Digest username=\"a\", realm=\"b\"", HEADER_NONE, NULL, NULL},
	    {"Basic YTpi", HEADER_FOUND, "a", "b"},
	    {"bAsIC  YTpi ", HEADER_FOUND, "a", "b"},
	    {"Basic YTo=", HEADER_FOUND, "a", ""},
	    {"Basic YTo", HEADER_FOUND, "a", ""},
	    {"Basic Og==", HEADER_FOUND, "", ""},
	    {"Basic YTpiOmM=", HEADER_FOUND, "a", "b:c"},
	    {"Basic YSUzQWI6YytkJTJC", HEADER_FOUND, "a:b", "c d+"},      /* a%3Ab:c+d%2B */
	    {"Basic w6k6JUMzJUE5", HEADER_FOUND, "\xc3\xa9", "\xc3\xa9"}, /* e acute:%C3%A9 */
	    {"Basic", HEADER_MALFORMED, NULL, NULL},
	    {"Basic YTpi YTpi", HEADER_MALFORMED, NULL, NULL},
	    {"Basic YWI=", HEADER_MALFORMED, NULL, NULL},     /* ab */
	    {"Basic YTolMDA=", HEADER_MALFORMED, NULL, NULL}, /* a:%00 */
	    {"Basic YQA6Yg==", HEADER_MALFORMED, NULL, NULL}, /* a NUL :b */
	    {"Basic YTol", HEADER_MALFORMED, NULL, NULL},     /* a:% */
	    {"Basic JXp6OmI=", HEADER_MALFORMED, NULL, NULL}, /* %zz:b */
	    {"Basic YTr/", HEADER_MALFORMED, NULL, NULL},     /* a:\xff */
	    {"Basic YTp+", HEADER_FOUND, "a", "~"},
	    {"Basic YTp=", HEADER_MALFORMED, NULL, NULL}, /* a: and a bit that no encoder sets */
	    {"Basic YTpi!", HEADER_MALFORMED, NULL, NULL},
	    {"Basic YTpi=YTpi", HEADER_MALFORMED, NULL, NULL},
	    {"Basic YTpi-_", HEADER_MALFORMED, NULL, NULL},
	    {"Basic YTpiY", HEADER_MALFORMED, NULL, NULL},
	    {"Basic ====", HEADER_MALFORMED, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct request request = new_request();
		const char *id = NULL, *secret = NULL;

		request.authorization = headers[i].header;
		assert_int_equal(request_basic(&request, &id, &secret), headers[i].found);
		if (headers[i].found != HEADER_FOUND)
			continue;
		assert_string_equal(id, headers[i].id);
		assert_string_equal(secret, headers[i].secret);
	}
}

static void
schemes_have_any_case(void **state)
{
	struct request request = new_request();
	struct bytes token;

	(void)state;
	request.authorization = "bearer abc";
	assert_int_equal(request_authorization(&request, "Bearer", &token), HEADER_FOUND);
	assert_true(bytes_equal(token, "abc"));
	assert_int_equal(request_authorization(&request, "Basic", &token), HEADER_NONE);
	request.authorization = "BEARER";
	assert_int_equal(request_authorization(&request, "Bearer", &token), HEADER_MALFORMED);
}

static void
parameters_are_written(void **state)
{
	const struct parameter parameters[] = {{.name = "none"},
	    {.name = "plain", .value = "AZaz09-._~"}, {.name = "none"},
	    {.name = "escaped", .value = " +&=%/\r\n\"<\xc3\xa9"}, {.name = "none"}};
	struct parameter read[] = {{.name = "plain"}, {.name = "escaped"}};
	struct request request = new_request();
	struct buffer out = {.arena = arena};

	(void)state;
	parameters_write(&out, parameters, 5);
	assert_string_equal(
	    out.data, "plain=AZaz09-._~&escaped=%20%2B%26%3D%25%2F%0D%0A%22%3C%C3%A9");
	request.query = out.data;
	assert_int_equal(parameters_of_query(&request, read, 2), PARAMETERS_GOOD);
	assert_string_equal(read[0].value, parameters[1].value);
	assert_string_equal(read[1].value, parameters[3].value);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parameters_are_read),
	    cmocka_unit_test(lengths_have_a_default),
	    cmocka_unit_test(their_number_has_a_limit),
	    cmocka_unit_test(bodies_have_a_media_type),
	    cmocka_unit_test(parameters_are_written),
	    cmocka_unit_test(basic_credentials_are_read),
	    cmocka_unit_test(schemes_have_any_case),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
