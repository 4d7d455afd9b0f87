/*
 * From a request that was read to its answer: judged in Django REST framework's order, answered by
 * the endpoint, counted and logged.
 */
#pragma once

#include "http/endpoint.h"

/* A program that serves: the same for all of its requests. */
struct service {
	const struct endpoint *endpoint;
	const struct config *config;
	struct context *context;
	struct arena *arena; /* of the request that is being answered */
};

/* Head, to the empty line behind its headers, and body; both in the arena. */
void handle(const struct service *, struct request *, struct bytes *head, struct bytes *body);
