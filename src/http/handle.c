#include "http/handle.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <string.h>

#define RETRY_AFTER "1"

static bool
is_method(const struct request *request, const char *method)
{
	return strcmp(request->method, method) == 0;
}

static const char *
allow_of(const struct endpoint *endpoint, const struct request *request)
{
	return request->allow != NULL ? request->allow : endpoint->allow;
}

/* Whether the Allow header lists the request's method. */
static bool
is_allowed(const struct endpoint *endpoint, const struct request *request)
{
	size_t length = strlen(request->method);
	const char *allow = allow_of(endpoint, request), *at = strstr(allow, request->method);

	return length > 0 && at != NULL && (at == allow || at[-1] == ' ') &&
	       (at[length] == ',' || at[length] == '\0');
}

/* For OAuth endpoints and pages: a well-formed request, then its method. */
static struct reply
judge_plainly(const struct endpoint *endpoint, struct request *request, struct context *context)
{
	struct reply reply = reply_none();

	if (request->defect != WIRE_OK)
		return endpoint->refuse(request, request->defect, NULL);
	if (!is_allowed(endpoint, request))
		return endpoint->refuse(request, WIRE_METHOD, request->method);
	if (is_method(request, "OPTIONS"))
		return reply_status(204, "ok");
	if (endpoint->admit != NULL)
		reply = endpoint->admit(request, context);
	return reply.status != 0 ? reply : endpoint->answer(request, context);
}

/* In DRF's order: Accept, authentication, method, body. */
static struct reply
judge(const struct endpoint *endpoint, struct request *request, struct context *context)
{
	struct reply reply = reply_none();
	enum wire negotiated;

	if (endpoint->decide != NULL)
		return endpoint->decide(request, context);
	if (endpoint->refuse != NULL)
		return judge_plainly(endpoint, request, context);
	if (request->defect == WIRE_BAD_REQUEST || request->defect == WIRE_HEADERS_TOO_LARGE)
		return reply_refuse(request, request->defect, NULL);
	negotiated = endpoint->one_form ? WIRE_OK : request_negotiate(request);
	if (negotiated != WIRE_OK)
		return reply_refuse(request, negotiated, NULL);
	if (endpoint->admit != NULL)
		reply = endpoint->admit(request, context);
	if (reply.status != 0)
		return reply;
	if (!is_allowed(endpoint, request))
		return reply_refuse(request, WIRE_METHOD, request->method);
	if (is_method(request, "OPTIONS"))
		return reply_options(request, endpoint);
	if (endpoint->fields[0].kind != FIELD_END) {
		if (request->defect != WIRE_OK)
			return reply_refuse(request, request->defect, NULL);
		if (!request_fields(request, endpoint->fields, &reply))
			return reply;
	}
	return endpoint->answer(request, context);
}

static void
put_header(struct buffer *head, const char *name, const char *value)
{
	buffer_puts(head, name);
	buffer_puts(head, ": ");
	buffer_puts(head, value);
	buffer_puts(head, "\r\n");
}

/* The headers of Django, its security middleware and DRF that do not depend on the status. */
static void
put_policies(struct buffer *head, const struct endpoint *endpoint, const struct request *request,
    const struct reply *reply)
{
	const struct config *config = request->config;
	bool plain = endpoint->refuse != NULL;

	if (endpoint->allow != NULL && !config->json_only && !endpoint->one_form && !plain)
		buffer_puts(head, "Vary: Accept\r\n");
	if (endpoint->allow != NULL)
		put_header(head, "Allow", allow_of(endpoint, request));
	buffer_puts(head, "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n");
	put_header(
	    head, "Referrer-Policy", reply->referrer == NULL ? "same-origin" : reply->referrer);
	/* A client that opens the login page in a window communicates with that window. */
	if (config->compat != COMPAT_5_2 && !plain)
		buffer_puts(head, "Cross-Origin-Opener-Policy: same-origin\r\n");
}

static struct bytes
write_head(
    const struct endpoint *endpoint, const struct request *request, const struct reply *reply)
{
	struct buffer head = {.arena = request->arena};

	buffer_printf(&head, "Status: %d ", reply->status);
	buffer_puts(&head, wire_reason(reply->status));
	buffer_puts(&head, "\r\n");
	if (reply->status != 204 && reply->status != 304 && reply->body.length > 0)
		put_header(
		    &head, "Content-Type", reply->type == NULL ? "application/json" : reply->type);
	if (reply->status != 204 && reply->status != 304)
		buffer_printf(&head, "Content-Length: %zu\r\n", reply->body.length);
	if (reply->challenge != NULL)
		put_header(&head, "WWW-Authenticate", reply->challenge);
	else if (reply->status == 401)
		buffer_printf(&head, "WWW-Authenticate: %s realm=\"api\"\r\n",
		    request->config->auth_header_types[0]);
	if (reply->status == 503)
		buffer_puts(&head, "Retry-After: " RETRY_AFTER "\r\n");
	put_policies(&head, endpoint, request, reply);
	if (reply->headers != NULL)
		buffer_puts(&head, reply->headers);
	put_header(&head, "Cache-Control", reply->cache == NULL ? "no-store" : reply->cache);
	buffer_puts(&head, "\r\n");
	return buffer_bytes(&head);
}

static void
log_request(const struct request *request, const struct reply *reply, int64_t took)
{
	enum { FIXED = 6, OPTIONAL = 2 };
	const char *client = request->client, *reason = request->reason;
	struct log_field fields[FIXED + OPTIONAL + 1] = {{"method", .text = request->method},
	    {"status", LOG_FIELD_NUMBER, .number = reply->status},
	    {"outcome", .text = reply->outcome}, {"user", .text = request->user_id},
	    {"from", .text = request->remote_address},
	    {"ms", LOG_FIELD_THOUSANDTHS, .number = took}};
	size_t count = FIXED;

	if (client != NULL)
		fields[count++] = (struct log_field){"client", .text = client};
	if (reason != NULL)
		fields[count++] = (struct log_field){"reason", .text = reason};
	fields[count] = (struct log_field){.name = NULL};
	log_event(reply->status < 500 ? LEVEL_INFO : LEVEL_WARNING, "request", fields);
}

void
handle(
    const struct service *service, struct request *request, struct bytes *head, struct bytes *body)
{
	const struct endpoint *endpoint = service->endpoint;
	int64_t begun = clock_microseconds(), took;
	struct reply reply;

	reply = judge(endpoint, request, service->context);
	*head = write_head(endpoint, request, &reply);
	*body = reply.body;
	if (request->method != NULL && is_method(request, "HEAD"))
		body->length = 0;
	took = clock_microseconds() - begun;
	metrics_request(reply.status, reply.outcome, took);
	log_request(request, &reply, took);
}
