/*
 * GET /metrics: the counters of all programs, for Prometheus. It needs neither keys nor a database.
 */
#include "http/endpoint.h"

#include "base/log.h"
#include "base/metrics.h"

struct context {
	const char *folder;
};

static struct context *
start(const struct config *config, const struct endpoint *endpoint)
{
	static struct context context;

	(void)endpoint;
	context.folder = config->metrics_dir;
	if (context.folder == NULL)
		log_error("JWT_METRICS_DIR must be set: the folder where the programs count");
	return context.folder == NULL ? NULL : &context;
}

static struct reply
answer(struct request *request, struct context *context)
{
	struct buffer body = {.arena = request->arena};
	struct reply reply;

	if (!metrics_write(request->arena, context->folder, &body))
		return reply_refuse(request, WIRE_UNAVAILABLE, NULL);
	reply = reply_status(200, "ok");
	reply.type = "text/plain; version=0.0.4; charset=utf-8";
	reply.body = buffer_bytes(&body);
	return reply;
}

const struct endpoint endpoint = {
    .name = "metrics",
    .allow = "GET, HEAD, OPTIONS",
    .title = "Metrics",
    .description = "",
    .one_form = true,
    .start = start,
    .answer = answer,
};
