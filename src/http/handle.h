/*
 * Turns a request into its answer: checks it in the order of Django REST framework, calls the
 * endpoint, counts and logs the answer.
 */
#pragma once

#include "http/endpoint.h"

/* What all requests of a process share. */
struct service {
	const struct endpoint *endpoint;
	const struct config *config;
	struct context *context;
	struct arena *arena; /* of the current request */
};

/* Head (status and headers, with the empty line) and body; both in the arena. */
void handle(const struct service *, struct request *, struct bytes *head, struct bytes *body);
