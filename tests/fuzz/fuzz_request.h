/*
 * What follows from a request that came in, by whatever door: what it accepts, its token, its
 * fields.
 */
#pragma once

#include "fuzz.h"

#include "http/endpoint.h"

static inline const struct config *
fuzz_request_config(void)
{
	static const char *const types[] = {"Bearer", "JWT", NULL};
	static const struct config config = {.auth_header_name = "HTTP_AUTHORIZATION",
	    .auth_header_types = types,
	    .request_body_limit = 1024,
	    .request_timeout = 5};

	return &config;
}

static inline void
check_values(const struct request *request, const struct field *fields)
{
	for (size_t i = 0; fields[i].kind != FIELD_END; i++) {
		struct bytes value = request->values[i];

		require(value.length > 0 && memchr(value.data, '\0', value.length) == NULL);
	}
}

static inline void
check_token(const struct request *request)
{
	struct bytes token;

	if (request_token(request, &token) == WIRE_OK)
		require(token.length > 0 && memchr(token.data, ' ', token.length) == NULL);
}

static inline struct reply
check_request(struct request *request)
{
	static const struct field fields[] = {
	    {FIELD_TEXT, "username"}, {FIELD_PASSWORD, "password"}, {FIELD_END, NULL}};
	struct reply reply = {.status = 0};

	require(request->method != NULL || request->defect != WIRE_OK);
	require(request->body.length <= (size_t)request->config->request_body_limit);
	if (request->defect != WIRE_OK)
		return reply;
	request_negotiate(request);
	check_token(request);
	if (request_fields(request, fields, &reply))
		check_values(request, fields);
	else
		require(reply.status >= 400 && reply.status < 500);
	return reply;
}
