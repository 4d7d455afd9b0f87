#include "http/fcgi.h"

#include "base/clock.h"
#include "base/fiber.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* FastCGI Specification 1.0, sections 3.3, 5 and 8. */
#define VERSION           1
#define BEGIN_REQUEST     1
#define ABORT_REQUEST     2
#define END_REQUEST       3
#define PARAMS            4
#define STDIN             5
#define STDOUT            6
#define GET_VALUES        9
#define GET_VALUES_RESULT 10
#define UNKNOWN_TYPE      11
#define RESPONDER         1
#define AUTHORIZER        2
#define REQUEST_COMPLETE  0
#define CANT_MPX_CONN     1
#define UNKNOWN_ROLE      3
#define KEEP_CONNECTION   1 /* a flag of BEGIN_REQUEST */
#define HEADER_LENGTH     8
#define CONTENT_MAXIMUM   65528 /* a multiple of 8, so that no record needs padding */

#define PARAMS_MAXIMUM  (256 * 1024)
#define RECORDS_MAXIMUM 20000

struct record {
	unsigned type, request_id;
	size_t length, padding; /* of the content that follows, and behind it */
};

/* What a request is made of while its records come in. */
struct parts {
	struct buffer parameters, body;
	size_t body_maximum;
	bool parameters_ended, body_ended;
	bool parameters_too_large, body_too_large;
};

/* Waits until the connection is ready for `events`; false when the deadline has passed. */
static bool
wait_for(struct fcgi *fcgi, short events)
{
	return fiber_wait(fcgi->connection, events, fcgi->deadline);
}

/* Receives what there is into the empty buffer. */
static bool
refill(struct fcgi *fcgi)
{
	ssize_t got;

	for (;;) {
		if (clock_milliseconds() >= fcgi->deadline)
			return false;
		got = recv(fcgi->connection, fcgi->received, sizeof(fcgi->received), 0);
		if (got > 0)
			break;
		if (got == 0 || (errno != EAGAIN && errno != EINTR) || !wait_for(fcgi, POLLIN))
			return false;
	}
	fcgi->start = 0;
	fcgi->end = (size_t)got;
	if (fcgi->used < fcgi->end)
		fcgi->used = fcgi->end;
	return true;
}

/* Takes exactly that many bytes off the stream: into `out`, or away where there is none. */
static bool
take(struct fcgi *fcgi, size_t length, struct buffer *out)
{
	while (length > 0) {
		size_t piece = fcgi->end - fcgi->start;

		if (piece == 0 && !refill(fcgi))
			return false;
		piece = fcgi->end - fcgi->start < length ? fcgi->end - fcgi->start : length;
		if (out != NULL)
			buffer_put(out, fcgi->received + fcgi->start, piece);
		fcgi->start += piece;
		length -= piece;
	}
	return true;
}

static bool
take_bytes(struct fcgi *fcgi, unsigned char *out, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (fcgi->start == fcgi->end && !refill(fcgi))
			return false;
		out[i] = fcgi->received[fcgi->start++];
	}
	return true;
}

static bool
take_header(struct fcgi *fcgi, struct record *out)
{
	unsigned char header[HEADER_LENGTH];

	if (!take_bytes(fcgi, header, sizeof(header)) || header[0] != VERSION)
		return false;
	out->type = header[1];
	out->request_id = (unsigned)header[2] << 8 | header[3];
	out->length = (size_t)header[4] << 8 | header[5];
	out->padding = header[6];
	return true;
}

static void
put_header(struct buffer *out, unsigned type, unsigned request_id, size_t length)
{
	unsigned char header[HEADER_LENGTH] = {VERSION, (unsigned char)type,
	    (unsigned char)(request_id >> 8), (unsigned char)request_id,
	    (unsigned char)(length >> 8), (unsigned char)length, 0, 0};

	buffer_put(out, header, sizeof(header));
}

static void
put_end(struct buffer *out, unsigned request_id, unsigned char protocol_status)
{
	unsigned char content[8] = {0, 0, 0, 0, protocol_status, 0, 0, 0};

	put_header(out, END_REQUEST, request_id, sizeof(content));
	buffer_put(out, content, sizeof(content));
}

static bool
send_all(struct fcgi *fcgi, struct bytes bytes)
{
	size_t sent = 0;

	while (sent < bytes.length) {
		ssize_t piece =
		    send(fcgi->connection, bytes.data + sent, bytes.length - sent, MSG_NOSIGNAL);

		if (piece > 0)
			sent += (size_t)piece;
		else if ((errno != EAGAIN && errno != EINTR) || !wait_for(fcgi, POLLOUT))
			return false;
	}
	return true;
}

/* A record with request id 0 asks about the application, not about a request (section 4). */
static bool
answer_management(struct fcgi *fcgi, struct arena *arena, const struct record *record)
{
	static const char values[] =
	    "\016\001FCGI_MAX_CONNS1\015\001FCGI_MAX_REQS1\017\001FCGI_MPXS_CONNS0";
	const unsigned char unknown[8] = {(unsigned char)record->type};
	struct buffer out = {.arena = arena};

	if (!take(fcgi, record->length, NULL))
		return false;
	if (record->type == GET_VALUES) {
		put_header(&out, GET_VALUES_RESULT, 0, sizeof(values) - 1);
		buffer_put(&out, values, sizeof(values) - 1);
	} else {
		put_header(&out, UNKNOWN_TYPE, 0, sizeof(unknown));
		buffer_put(&out, unknown, sizeof(unknown));
	}
	return send_all(fcgi, buffer_bytes(&out));
}

static bool
refuse(struct fcgi *fcgi, struct arena *arena, unsigned request_id, unsigned char why)
{
	struct buffer out = {.arena = arena};

	put_end(&out, request_id, why);
	return send_all(fcgi, buffer_bytes(&out));
}

static bool
begin(struct fcgi *fcgi, struct arena *arena, const struct record *record)
{
	unsigned char content[8];

	if (record->length != sizeof(content) || !take_bytes(fcgi, content, sizeof(content)))
		return false;
	if (fcgi->request_id != 0)
		return fcgi->request_id != record->request_id &&
		       refuse(fcgi, arena, record->request_id, CANT_MPX_CONN);
	fcgi->role = (unsigned)content[0] << 8 | content[1];
	if (fcgi->role != RESPONDER && !(fcgi->role == AUTHORIZER && fcgi->takes_authorizer)) {
		refuse(fcgi, arena, record->request_id, UNKNOWN_ROLE);
		return false;
	}
	fcgi->request_id = record->request_id;
	fcgi->keep_asked = (content[2] & KEEP_CONNECTION) != 0 && fcgi->role == RESPONDER;
	return true;
}

/* A piece of a stream: kept up to its maximum, behind that passed over. An empty one ends it. */
static bool
take_stream(struct fcgi *fcgi, size_t length, struct buffer *out, size_t maximum, bool *too_large)
{
	if (length > maximum - out->length)
		*too_large = true;
	return take(fcgi, length, *too_large ? NULL : out);
}

static bool
take_record(
    struct fcgi *fcgi, struct arena *arena, const struct record *record, struct parts *parts)
{
	if (record->request_id == 0)
		return answer_management(fcgi, arena, record);
	if (record->type == BEGIN_REQUEST)
		return begin(fcgi, arena, record);
	if (record->request_id != fcgi->request_id)
		return take(fcgi, record->length, NULL);
	switch (record->type) {
	case ABORT_REQUEST:
		refuse(fcgi, arena, record->request_id, REQUEST_COMPLETE);
		return false;
	case PARAMS:
		if (parts->parameters_ended)
			return false;
		parts->parameters_ended = record->length == 0;
		return take_stream(fcgi, record->length, &parts->parameters, PARAMS_MAXIMUM,
		    &parts->parameters_too_large);
	case STDIN:
		if (!parts->parameters_ended)
			return false;
		parts->body_ended = record->length == 0;
		return take_stream(fcgi, record->length, &parts->body, parts->body_maximum,
		    &parts->body_too_large);
	default:
		return take(fcgi, record->length, NULL);
	}
}

/* One length of a name-value pair: a byte below 128, or four (section 3.4). */
static bool
read_length(struct bytes *rest, size_t *out)
{
	const unsigned char *at = (const unsigned char *)rest->data;
	size_t size = rest->length > 0 && at[0] >= 0x80 ? 4 : 1;

	if (rest->length < size)
		return false;
	*out = size == 1 ? at[0]
			 : (size_t)(at[0] & 0x7f) << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
			       at[3];
	rest->data += size;
	rest->length -= size;
	return true;
}

/* false if the pairs do not fit what holds them. */
static bool
read_parameters(struct request *request, struct bytes rest)
{
	struct bytes name, value;

	while (rest.length > 0) {
		if (!read_length(&rest, &name.length) || !read_length(&rest, &value.length))
			return false;
		if (name.length > rest.length || value.length > rest.length - name.length)
			return false;
		name.data = rest.data;
		value.data = rest.data + name.length;
		rest.data += name.length + value.length;
		rest.length -= name.length + value.length;
		request_parameter(request, name, value);
	}
	return true;
}

/* An authorizer is sent no body (section 6.3): nothing to wait for behind the parameters. */
static bool
is_complete(const struct fcgi *fcgi, const struct parts *parts)
{
	return parts->body_ended || (fcgi->role == AUTHORIZER && parts->parameters_ended);
}

bool
fcgi_receive(struct fcgi *fcgi, int connection, struct request *request)
{
	struct parts parts = {.parameters.arena = request->arena,
	    .body.arena = request->arena,
	    .body_maximum =
		request->body_ignored ? 0 : (size_t)request->config->request_body_limit};
	struct record record;

	fcgi->connection = connection;
	fcgi->deadline = clock_milliseconds() + request->config->request_timeout * 1000;
	fcgi->request_id = fcgi->role = 0;
	fcgi->start = fcgi->end = 0;
	fcgi->keep_asked = fcgi->keep = false;
	for (int records = 0; !is_complete(fcgi, &parts); records++)
		if (records == RECORDS_MAXIMUM || !take_header(fcgi, &record) ||
		    !take_record(fcgi, request->arena, &record, &parts) ||
		    !take(fcgi, record.padding, NULL))
			return false;
	if (!parts.parameters_too_large &&
	    !read_parameters(request, buffer_bytes(&parts.parameters)))
		return false;
	request->body = buffer_bytes(&parts.body);
	request->authorizer = fcgi->role == AUTHORIZER;
	if (parts.parameters_too_large)
		request->defect = WIRE_HEADERS_TOO_LARGE;
	else if (parts.body_too_large)
		request->defect = WIRE_TOO_LARGE;
	request_complete(request);
	return true;
}

static void
put_stream(struct buffer *out, unsigned request_id, struct bytes bytes)
{
	while (bytes.length > 0) {
		size_t piece = bytes.length < CONTENT_MAXIMUM ? bytes.length : CONTENT_MAXIMUM;

		put_header(out, STDOUT, request_id, piece);
		buffer_put(out, bytes.data, piece);
		bytes.data += piece;
		bytes.length -= piece;
	}
}

bool
fcgi_answer(struct fcgi *fcgi, struct arena *arena, struct bytes head, struct bytes body)
{
	struct buffer out = {.arena = arena};

	put_stream(&out, fcgi->request_id, head);
	put_stream(&out, fcgi->request_id, body);
	put_header(&out, STDOUT, fcgi->request_id, 0);
	put_end(&out, fcgi->request_id, REQUEST_COMPLETE);
	fcgi->deadline = clock_milliseconds() + 1000;
	if (!send_all(fcgi, buffer_bytes(&out)))
		return false;
	fcgi->keep = fcgi->keep_asked && fcgi->start == fcgi->end;
	return true;
}

/*
 * Some servers send an authorizer the end of a body all the same; if that were still unread at
 * close(2), TCP would take the answer back.
 */
static void
linger(struct fcgi *fcgi)
{
	shutdown(fcgi->connection, SHUT_WR);
	fcgi->deadline = clock_milliseconds() + 100;
	while (refill(fcgi))
		continue;
}

void
fcgi_end(struct fcgi *fcgi)
{
	if (fcgi->role == AUTHORIZER)
		linger(fcgi);
	if (!fcgi->keep)
		close(fcgi->connection);
	explicit_bzero(fcgi->received, fcgi->used);
	fcgi->used = 0;
}
