/* media, negotiation, fields and replies. */
#include "helpers.h"

#include "base/metrics.h"
#include "http/cookie.h"
#include "http/endpoint.h"
#include "http/forwarded.h"
#include "http/handle.h"
#include "http/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct config config = {
    .auth_header_name = "HTTP_AUTHORIZATION", .compat = COMPAT_HEAD, .request_body_limit = 1 << 20};

static struct request
new_request(void)
{
	arena_reset(arena);
	return (struct request){.arena = arena, .config = &config, .method = "POST"};
}

static void
media_types_are_compared(void **state)
{
	static const struct {
		const char *text;
		bool matches;
	} rows[] = {
	    {"application/json", true},
	    {"APPLICATION/JSON ; q=0.5", true},
	    {" application/json;indent=4", true},
	    {"application/*", true},
	    {"*/*;v=1", true},
	    {"*", false},
	    {"", false},
	    {"/", false},
	    {"application", false},
	    {"application/jsonx", false},
	    {"\"application/json\"", false},
	    {"application/json, text/plain", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct media media = media_parse(bytes_of(rows[i].text));

		assert_int_equal(media_matches(media, "application", "json"), rows[i].matches);
	}
}

static void
parameters_are_found(void **state)
{
	struct media media =
	    media_parse(bytes_of("a/b; X=\"1;2\"; flag; y = 3 ;x=last; z=\"open;q=1"));

	(void)state;
	assert_true(bytes_equal(media_parameter(media, "x"), "last"));
	assert_true(bytes_equal(media_parameter(media, "y"), "3"));
	assert_true(bytes_equal(media_parameter(media, "z"), "\"open;q=1"));
	assert_null(media_parameter(media, "flag").data);
}

static void
accept_and_format_are_negotiated(void **state)
{
	static const struct {
		const char *accept, *query;
		bool json_only;
		enum wire wanted;
	} rows[] = {
	    {NULL, NULL, false, WIRE_OK},
	    {"*/*", NULL, false, WIRE_OK},
	    {"", NULL, false, WIRE_NOT_ACCEPTABLE},
	    {"*", NULL, false, WIRE_NOT_ACCEPTABLE},
	    {"image/*", NULL, false, WIRE_NOT_ACCEPTABLE},
	    {"image/png, application/json;q=0", NULL, false, WIRE_OK},
	    {"text/html", NULL, false, WIRE_OK},
	    {"text/html", NULL, true, WIRE_NOT_ACCEPTABLE},
	    {"application/json; indent=4", NULL, true, WIRE_OK},
	    {NULL, "a=1&format=json", false, WIRE_OK},
	    {NULL, "format=api", false, WIRE_OK},
	    {NULL, "format=api", true, WIRE_NOT_FOUND},
	    {NULL, "format=xml", false, WIRE_NOT_FOUND},
	    {NULL, "format=JSON", false, WIRE_NOT_FOUND},
	    {NULL, "format=json%00", false, WIRE_NOT_FOUND},
	    {NULL, "format=", false, WIRE_OK},
	    {NULL, "format=xml&format=json", false, WIRE_OK},
	    {"text/html", "format=json", false, WIRE_NOT_ACCEPTABLE},
	    {"application/xml", "format=xml", false, WIRE_NOT_FOUND},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request request = new_request();

		request.accept = rows[i].accept;
		request.query = rows[i].query;
		config.json_only = rows[i].json_only;
		assert_int_equal(request_negotiate(&request), rows[i].wanted);
	}
	config.json_only = false;
}

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
#define NOT_GIVEN \
	"{\"username\":[\"This field is required.\"],\"password\":[\"This field is required.\"]}"

/* A body and what it becomes: both values, or the refusal. */
static const struct {
	const char *type, *body, *username, *password, *refusal;
	int status;
} bodies[] = {
    {JSON, "{\"username\":\"a\",\"password\":\"b\"}", "a", "b", NULL, 0},
    {FORM, "username=a&password=b+c%21", "a", "b c!", NULL, 0},
    {JSON, "{\"username\":12,\"password\":1.50}", "12", "1.50", NULL, 0},
    {JSON, "{\"username\":-0,\"password\":1e2}", "0", "1e2", NULL, 0},
    {JSON, "{\"username\":\"x\",\"username\":\"a\",\"password\":\"b\"}", "a", "b", NULL, 0},
    {JSON, "{\"username\":\"\\u00a0\\u2028 a\\t\",\"password\":\"\\u200bb\\u3000\"}", "a",
	"\xe2\x80\x8b"
	"b",
	NULL, 0},
    {"*/*", "{\"username\":\"a\",\"password\":\"b\"}", "a", "b", NULL, 0},
    {JSON "; charset=latin-1", "{\"username\":\"\xe9\",\"password\":\"b\"}", "\xc3\xa9", "b", NULL,
	0},
    {FORM "; charset=ISO-8859-1", "username=%e9&password=\xe9", "\xc3\xa9", "\xc3\xa9", NULL, 0},
    {FORM "; charset=US-ASCII", "username=a&password=b", "a", "b", NULL, 0},
    {JSON "; charset=koi8-r", "{}", NULL, NULL,
	"{\"detail\":\"Unsupported media type \\\"application/json; charset=koi8-r\\\" in request.\"}",
	415},
    {NULL, "", NULL, NULL, NOT_GIVEN, 400},
    {"text/plain", "", NULL, NULL, NOT_GIVEN, 400},
    {JSON, "{}", NULL, NULL, NOT_GIVEN, 400},
    {JSON, "{\"username\":null,\"password\":\" \\n\"}", NULL, NULL,
	"{\"username\":[\"This field may not be null.\"],"
	"\"password\":[\"This field may not be blank.\"]}",
	400},
    {JSON, "{\"username\":true,\"password\":[]}", NULL, NULL,
	"{\"username\":[\"Not a valid string.\"],\"password\":[\"Not a valid string.\"]}", 400},
    {JSON, "{\"username\":\"a\\u0000\",\"password\":\"b\"}", NULL, NULL,
	"{\"username\":[\"Null characters are not allowed.\"]}", 400},
    {JSON, "{\"username\":\"a\",\"password\":\"\\udc01\"}", NULL, NULL,
	"{\"detail\":\"JSON parse error - lone surrogate at byte 34\"}", 400},
    {JSON, "{\"username\":9223372036854775808}", NULL, NULL,
	"{\"detail\":\"JSON parse error - integer too large at byte 12\"}", 400},
    {JSON, "[]", NULL, NULL,
	"{\"non_field_errors\":[\"Invalid data. Expected a dictionary, but got list.\"]}", 400},
    {JSON, "1.5", NULL, NULL,
	"{\"non_field_errors\":[\"Invalid data. Expected a dictionary, but got float.\"]}", 400},
    {JSON, "null", NULL, NULL, "{\"non_field_errors\":[\"No data provided\"]}", 400},
    {JSON, "   ", NULL, NULL,
	"{\"detail\":\"JSON parse error - unexpected end of data at byte 3\"}", 400},
    {JSON, "{\"a\":\"\xff\"}", NULL, NULL,
	"{\"detail\":\"JSON parse error - invalid UTF-8 at byte 6\"}", 400},
    {"text/plain; x=\xe9", "a", NULL, NULL,
	"{\"detail\":\"Unsupported media type \\\"text/plain; x=\xc3\xa9\\\" in request.\"}", 415},
    {NULL, "a", NULL, NULL, "{\"detail\":\"Unsupported media type \\\"\\\" in request.\"}", 415},
    {"multipart/form-data", "a", NULL, NULL,
	"{\"detail\":\"Multipart form parse error - Invalid boundary in multipart: None\"}", 400},
};

static void
bodies_become_values(void **state)
{
	static const struct field fields[] = {
	    {FIELD_TEXT, "username"}, {FIELD_TEXT, "password"}, {FIELD_END, NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct request request = new_request();
		struct reply reply = {.status = 0};
		bool read;

		request.content_type = bodies[i].type;
		request.body = bytes_of(bodies[i].body);
		read = request_fields(&request, fields, &reply);
		assert_int_equal(read, bodies[i].refusal == NULL);
		assert_int_equal(reply.status, bodies[i].status);
		if (read) {
			assert_true(bytes_equal(request.values[0], bodies[i].username));
			assert_true(bytes_equal(request.values[1], bodies[i].password));
		} else {
			assert_string_equal(reply.body.data, bodies[i].refusal);
		}
	}
}

static void
lengths_must_be_as_announced(void **state)
{
	static const struct {
		const char *length;
		size_t body;
		enum wire defect;
	} rows[] = {
	    {NULL, 0, WIRE_OK},
	    {"", 0, WIRE_OK},
	    {"5", 5, WIRE_OK},
	    {"0005", 5, WIRE_OK},
	    {"5", 4, WIRE_BAD_REQUEST},
	    {"4", 5, WIRE_BAD_REQUEST},
	    {NULL, 5, WIRE_BAD_REQUEST},
	    {"-1", 5, WIRE_OK}, /* not counted */
	    {"-2", 0, WIRE_BAD_REQUEST},
	    {"+5", 5, WIRE_BAD_REQUEST},
	    {"5 ", 5, WIRE_BAD_REQUEST},
	    {"0x5", 5, WIRE_BAD_REQUEST},
	    {"99999999999999999999", 5, WIRE_BAD_REQUEST},
	    {"1048577", 5, WIRE_TOO_LARGE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request request = new_request();

		request.content_length = rows[i].length;
		request.body.length = rows[i].body;
		request_complete(&request);
		assert_int_equal(request.defect, rows[i].defect);
	}
}

static void
parameters_become_fields(void **state)
{
	struct request request = new_request();

	(void)state;
	request_parameter(&request, bytes_of("HTTP_AUTHORIZATION"), bytes_of("Bearer a"));
	request_parameter(&request, bytes_of("REDIRECT_HTTP_AUTHORIZATION"), bytes_of("Bearer b"));
	request_parameter(&request, bytes_of("PGHOST"), bytes_of("evil"));
	request_parameter(&request, bytes_of("QUERY_STRING"), bytes_of(""));
	assert_string_equal(request.authorization, "Bearer a");
	assert_string_equal(request.query, "");
	assert_int_equal(request.defect, WIRE_OK);
	request_parameter(&request, bytes_of("CONTENT_TYPE"), (struct bytes){"a\0b", 3});
	assert_int_equal(request.defect, WIRE_BAD_REQUEST);
}

/* Each row: JWT_TRUSTED_PROXIES, REMOTE_ADDR, X-Forwarded-For, and whose request it is. */
static void
the_client_is_found_behind_proxies(void **state)
{
	static const struct {
		const char *trusted[3], *peer, *header, *client;
	} rows[] = {
	    {{"10.0.0.0/8"}, "10.0.0.1", "192.0.2.7", "192.0.2.7"},
	    {{"10.0.0.0/8"}, "10.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"},
	    {{"10.0.0.0/8"}, "10.0.0.1", "192.0.2.7,\t10.9.9.9 , 10.0.0.2", "192.0.2.7"},
	    {{"10.0.0.0/8"}, "10.0.0.1", "nonsense, 192.0.2.7", "192.0.2.7"},
	    {{"10.0.0.0/8"}, "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
	    {{"10.0.0.0/8"}, "192.0.2.1", "198.51.100.1", "192.0.2.1"},
	    {{"10.0.0.0/8"}, "11.0.0.1", "198.51.100.1", "11.0.0.1"},
	    {{"10.0.0.0/8"}, "10.0.0.1", "192.0.2.7, nonsense", "10.0.0.1"},
	    {{"10.0.0.0/8"}, "10.0.0.1", "192.0.2.7, 10.0.0.2:443", "10.0.0.1"},
	    {{"10.0.0.0/8"}, "10.0.0.1", "192.0.2.7, ", "10.0.0.1"},
	    {{"10.0.0.0/8"}, "10.0.0.1", ",", "10.0.0.1"},
	    {{"10.0.0.0/8"}, "10.0.0.1", "", "10.0.0.1"},
	    {{"10.0.0.0/8"}, "10.0.0.1", NULL, "10.0.0.1"},
	    {{"10.0.0.0/8"}, "unix:", "192.0.2.7", "unix:"},
	    {{"10.0.0.0/8"}, NULL, "192.0.2.7", NULL},
	    {{"10.0.0.0/8"}, "::ffff:10.0.0.1", "::ffff:192.0.2.7", "::ffff:192.0.2.7"},
	    {{"10.0.0.1"}, "10.0.0.2", "192.0.2.7", "10.0.0.2"},
	    {{"10.0.0.0/31", "fd00::/9"}, "fd7f::1", "192.0.2.7, 10.0.0.1", "192.0.2.7"},
	    {{"10.0.0.0/31", "fd00::/9"}, "fd80::1", "192.0.2.7", "fd80::1"},
	    {{"10.0.0.0/31"}, "10.0.0.2", "192.0.2.7", "10.0.0.2"},
	    {{"fd00::/8"}, "fd00::1", "fe80::1%eth0", "fd00::1"},
	    {{"fd00::/8"}, "fd00::1", "2001:db8::7", "2001:db8::7"},
	    {{"1"}, "203.0.113.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"},
	    {{"1"}, "unix:", "192.0.2.7", "192.0.2.7"},
	    {{"2"}, "203.0.113.1", "198.51.100.1, 192.0.2.7, 203.0.113.2", "192.0.2.7"},
	    {{"2"}, "203.0.113.1", "192.0.2.7", "203.0.113.1"},
	    {{"2"}, "203.0.113.1", "192.0.2.7, nonsense", "203.0.113.1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *client =
		    forwarded_address(arena, rows[i].trusted, rows[i].peer, rows[i].header);

		if (rows[i].client == NULL)
			assert_null(client);
		else
			assert_string_equal(client, rows[i].client);
	}
}

/* It is not known which of them a proxy wrote. */
static void
two_forwarded_headers_say_nothing(void **state)
{
	static const char *const trusted[] = {"10.0.0.0/8", NULL};
	struct request request = new_request();

	(void)state;
	config.trusted_proxies = trusted;
	request_parameter(&request, bytes_of("REMOTE_ADDR"), bytes_of("10.0.0.1"));
	for (int i = 0; i < 2; i++)
		request_parameter(
		    &request, bytes_of("HTTP_X_FORWARDED_FOR"), bytes_of("192.0.2.7"));
	request_complete(&request);
	assert_string_equal(request.remote_address, "10.0.0.1");
	config.trusted_proxies = NULL;
}

#define COOKIE "__Host-jwt_refresh"

static void
the_cookie_is_found(void **state)
{
	static const struct {
		const char *header;
		enum cookie_found found;
		const char *value;
	} rows[] = {
	    {NULL, COOKIE_NONE, NULL},
	    {"", COOKIE_NONE, NULL},
	    {COOKIE "=a.b-c_D9", COOKIE_FOUND, "a.b-c_D9"},
	    {"x=1; " COOKIE "=a.b; y=\"2 3\"", COOKIE_FOUND, "a.b"},
	    {"x=1;" COOKIE "=a.b;y", COOKIE_FOUND, "a.b"},
	    {"other=\"; " COOKIE "=a.b; \"", COOKIE_FOUND, "a.b"},
	    {"  ;; " COOKIE "=a ;", COOKIE_FOUND, "a"},
	    {COOKIE, COOKIE_NONE, NULL},
	    {COOKIE "x=a; x" COOKIE "=a", COOKIE_NONE, NULL},
	    {"__host-jwt_refresh=a", COOKIE_NONE, NULL},
	    {COOKIE " =a", COOKIE_NONE, NULL},
	    {"x=" COOKIE "=a", COOKIE_NONE, NULL},
	    {COOKIE "=a; " COOKIE "=a", COOKIE_REFUSED, NULL},
	    {COOKIE "=a; x=1; " COOKIE "=", COOKIE_REFUSED, NULL},
	    {COOKIE "=", COOKIE_REFUSED, NULL},
	    {COOKIE "=\"a.b\"", COOKIE_REFUSED, NULL},
	    {COOKIE "=a=b", COOKIE_REFUSED, NULL},
	    {COOKIE "=a b", COOKIE_REFUSED, NULL},
	    {COOKIE "=a,b", COOKIE_REFUSED, NULL},
	    {COOKIE "=a%2eb", COOKIE_REFUSED, NULL},
	    {COOKIE "=\xc3\xa9", COOKIE_REFUSED, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bytes value;

		assert_int_equal(cookie_find(rows[i].header, COOKIE, &value), rows[i].found);
		if (rows[i].value != NULL)
			assert_true(bytes_equal(value, rows[i].value));
	}
}

static void
origins_are_judged(void **state)
{
	static const char *const allowed[] = {"https://app.example.org", NULL};
	static const struct {
		const char *fetch_site, *origin, *scheme, *host;
		enum cookie_origin judged;
	} rows[] = {
	    {NULL, NULL, "https", "example.org", COOKIE_ORIGIN_UNKNOWN},
	    {"same-origin", NULL, NULL, NULL, COOKIE_ORIGIN_ALLOWED},
	    {"same-origin", "null", "https", "example.org", COOKIE_ORIGIN_ALLOWED},
	    {"same-site", NULL, "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {"cross-site", NULL, "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {"none", NULL, "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {"", NULL, "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {"Same-Origin", NULL, "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://example.org", "https", "example.org", COOKIE_ORIGIN_ALLOWED},
	    {NULL, "http://127.0.0.1:8000", "http", "127.0.0.1:8000", COOKIE_ORIGIN_ALLOWED},
	    {NULL, "http://127.0.0.1:8000", NULL, "127.0.0.1:8000", COOKIE_ORIGIN_ALLOWED},
	    {NULL, "http://example.org", "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://example.org", "http", "example.org", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://example.org:444", "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://example.org.evil", "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://example.or", "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://", "https", "", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://", "https", NULL, COOKIE_ORIGIN_OTHER},
	    {NULL, "", "", "", COOKIE_ORIGIN_OTHER},
	    {NULL, "null", "https", "null", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://app.example.org", "https", "example.org", COOKIE_ORIGIN_ALLOWED},
	    {"same-site", "https://app.example.org", NULL, NULL, COOKIE_ORIGIN_ALLOWED},
	    {NULL, "http://app.example.org", "https", "example.org", COOKIE_ORIGIN_OTHER},
	    {NULL, "https://app.example.org, https://a", NULL, NULL, COOKIE_ORIGIN_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request request = {.fetch_site = rows[i].fetch_site,
		    .origin = rows[i].origin,
		    .scheme = rows[i].scheme,
		    .host = rows[i].host};

		assert_int_equal(cookie_judge_origin(&request, allowed), rows[i].judged);
		if (i == 20)
			assert_int_equal(cookie_judge_origin(&request, NULL), COOKIE_ORIGIN_OTHER);
	}
}

/* Which of two a browser wrote is not known; where no cookie is used none of them is read. */
static void
cookies_are_read_in_their_mode_only(void **state)
{
	static const char *const names[] = {
	    "HTTP_COOKIE", "HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE", "HTTP_HOST"};
	enum { OFF, REFRESH, OIDC, MODES };

	(void)state;
	for (size_t i = 0; i < MODES * sizeof(names) / sizeof(*names); i++) {
		struct request request = new_request();
		size_t mode = i % MODES;
		bool on = mode != OFF;

		config.refresh_cookie = mode == REFRESH ? REFRESH_COOKIE_ON : REFRESH_COOKIE_OFF;
		config.oidc_issuer = mode == OIDC ? "https://example.org" : NULL;
		request_parameter(&request, bytes_of(names[i / MODES]), bytes_of("a"));
		assert_int_equal(request.defect, WIRE_OK);
		request_parameter(&request, bytes_of(names[i / MODES]), bytes_of("b"));
		assert_int_equal(request.defect, on ? WIRE_BAD_REQUEST : WIRE_OK);
		assert_int_equal(request.cookie != NULL, on && i / MODES == 0);
	}
	config.refresh_cookie = REFRESH_COOKIE_OFF;
	config.oidc_issuer = NULL;
}

static struct reply
page_refuse(struct request *request, enum wire wire, const char *argument)
{
	struct reply reply = reply_status(wire_text(wire)->status, wire_text(wire)->outcome);

	reply.body = bytes_of(argument == NULL ? "refused" : argument);
	reply.type = "text/html; charset=utf-8";
	reply.referrer = "no-referrer";
	(void)request;
	return reply;
}

static struct reply
page_answer(struct request *request, struct context *context)
{
	struct reply reply = reply_status(401, "ok");

	(void)request, (void)context;
	reply.body = bytes_of("page");
	reply.challenge = "Basic realm=\"oauth\"";
	return reply;
}

static const struct endpoint page = {
    .name = "page", .allow = "GET, HEAD, POST", .refuse = page_refuse, .answer = page_answer};
static const struct endpoint with_options = {
    .name = "token", .allow = "POST, OPTIONS", .refuse = page_refuse, .answer = page_answer};

/* The head of an endpoint's answer, its body behind it. */
static const char *
handled(const struct endpoint *endpoint, struct request *request)
{
	static const char *const types[] = {"Bearer", NULL};
	struct service service = {endpoint, &config, NULL, arena};
	struct bytes head, body;

	config.auth_header_types = types;
	handle(&service, request, &head, &body);
	return arena_printf(arena, "%.*s%.*s", (int)head.length, head.data, (int)body.length,
	    body.length == 0 ? "" : body.data);
}

/* Neither DRF's negotiation nor its bodies and headers; every refusal is the endpoint's own. */
static void
pages_refuse_in_their_own_manner(void **state)
{
	static const struct {
		const struct endpoint *endpoint;
		const char *method;
		enum wire defect;
		const char *status, *body;
	} rows[] = {
	    {&page, "GET", WIRE_OK, "Status: 401 Unauthorized\r\n", "\r\n\r\npage"},
	    {&page, "POST", WIRE_OK, "Status: 401 Unauthorized\r\n", "\r\n\r\npage"},
	    {&page, "HEAD", WIRE_OK, "Status: 401 Unauthorized\r\n", "no-store\r\n\r\n"},
	    {&page, "PUT", WIRE_OK, "Status: 405 Method Not Allowed\r\n", "\r\n\r\nPUT"},
	    {&page, "OPTIONS", WIRE_OK, "Status: 405 Method Not Allowed\r\n", "OPTIONS"},
	    {&with_options, "OPTIONS", WIRE_OK, "Status: 204 No Content\r\n", "no-store\r\n\r\n"},
	    {&with_options, "GET", WIRE_OK, "Status: 405 Method Not Allowed\r\n", "GET"},
	    {&page, "GE", WIRE_OK, "Status: 405 Method Not Allowed\r\n", "GE"},
	    {&page, "", WIRE_OK, "Status: 405 Method Not Allowed\r\n", "\r\n\r\n"},
	    {&page, NULL, WIRE_OK, "Status: 400 Bad Request\r\n", "\r\n\r\nrefused"},
	    {&page, NULL, WIRE_HEADERS_TOO_LARGE, "Status: 431 Request Header Fields Too Large\r\n",
		"refused"},
	    {&page, "POST", WIRE_TOO_LARGE, "Status: 413 Request Entity Too Large\r\n", "refused"},
	    {&page, "POST", WIRE_BAD_REQUEST, "Status: 400 Bad Request\r\n", "refused"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request request = new_request();
		const char *answer, *end;

		request.method = rows[i].method;
		request.accept = "image/png";
		request.authorization = "Negotiate YIIabc";
		request.defect = rows[i].defect;
		request_complete(&request);
		answer = handled(rows[i].endpoint, &request);
		end = answer + strlen(answer) - strlen(rows[i].body);
		assert_true(strncmp(answer, rows[i].status, strlen(rows[i].status)) == 0);
		assert_string_equal(end, rows[i].body);
		assert_non_null(strstr(
		    answer, arena_printf(arena, "\r\nAllow: %s\r\n", rows[i].endpoint->allow)));
		assert_null(strstr(answer, "Vary:"));
		assert_null(strstr(answer, "Cross-Origin-Opener-Policy:"));
	}
}

static void
pages_have_their_own_headers(void **state)
{
	struct request request = new_request();
	const char *answer;

	(void)state;
	request.method = "GET";
	answer = handled(&page, &request);
	assert_non_null(strstr(answer, "\r\nWWW-Authenticate: Basic realm=\"oauth\"\r\n"));
	assert_non_null(strstr(answer, "\r\nReferrer-Policy: same-origin\r\n"));
	assert_null(strstr(strstr(answer, "WWW-Authenticate") + 1, "WWW-Authenticate"));
	request.method = "PUT";
	answer = handled(&page, &request);
	assert_non_null(strstr(answer, "\r\nReferrer-Policy: no-referrer\r\n"));
	assert_null(strstr(answer, "same-origin"));
	assert_non_null(strstr(answer, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
}

static void
replies_follow_the_release(void **state)
{
	struct request request = new_request();
	struct token_refusal refusal = {"AccessToken", "access", WIRE_TOKEN_EXPIRED};

	(void)state;
	assert_string_equal(reply_refuse(&request, WIRE_TOKEN_EXPIRED, NULL).body.data,
	    "{\"detail\":\"Token is expired\",\"code\":\"token_not_valid\"}");
	config.compat = COMPAT_5_2;
	assert_string_equal(reply_given_token(&request, &refusal, 1).body.data,
	    "{\"detail\":\"Given token not valid for any token type\",\"code\":\"token_not_valid\","
	    "\"messages\":[{\"token_class\":\"AccessToken\",\"token_type\":\"access\","
	    "\"message\":\"Token is invalid or expired\"}]}");
	config.compat = COMPAT_HEAD;
	assert_string_equal(reply_refuse(&request, WIRE_METHOD, "P\"UT").body.data,
	    "{\"detail\":\"Method \\\"P\\\"UT\\\" not allowed.\"}");
}

/* metrics counts by a table of its own: it must have every outcome that the wire has. */
static void
metrics_know_every_outcome(void **state)
{
	char folder[] = "/tmp/jwt-fcgi-http-XXXXXX", path[64];
	struct buffer out = {.arena = arena};

	(void)state;
	assert_non_null(mkdtemp(folder));
	metrics_open(folder, "test");
	for (enum wire wire = WIRE_OK; wire < WIRE_LAST; wire++)
		metrics_request(wire_text(wire)->status, wire_text(wire)->outcome, 1);
	assert_true(metrics_write(arena, folder, &out));
	snprintf(path, sizeof(path), "%s/test.metrics", folder);
	assert_int_equal(unlink(path) | rmdir(folder), 0);
	assert_non_null(strstr(out.data, "outcome=\"ok\"} 1\n"));
	assert_null(strstr(out.data, "outcome=\"other\""));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(media_types_are_compared),
	    cmocka_unit_test(parameters_are_found),
	    cmocka_unit_test(accept_and_format_are_negotiated),
	    cmocka_unit_test(bodies_become_values),
	    cmocka_unit_test(lengths_must_be_as_announced),
	    cmocka_unit_test(parameters_become_fields),
	    cmocka_unit_test(the_client_is_found_behind_proxies),
	    cmocka_unit_test(two_forwarded_headers_say_nothing),
	    cmocka_unit_test(the_cookie_is_found),
	    cmocka_unit_test(origins_are_judged),
	    cmocka_unit_test(cookies_are_read_in_their_mode_only),
	    cmocka_unit_test(pages_refuse_in_their_own_manner),
	    cmocka_unit_test(pages_have_their_own_headers),
	    cmocka_unit_test(replies_follow_the_release),
	    cmocka_unit_test(metrics_know_every_outcome),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena = arena_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
