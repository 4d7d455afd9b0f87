/*
 * The answer to a request, made by one of the few constructors here and returned by value, so that
 * every refusal is one `return`. Headers that follow from status and endpoint are added by serve.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/request.h"

struct reply {
	int status;          /* 0: none yet */
	const char *outcome; /* a word for the log */
	struct bytes body;   /* JSON, in the request's arena */
};

/* 200 with a JSON object of texts, in order: name, value, name, value, …, NULL. */
struct reply reply_object(struct request *, const char *name, ...) __attribute__((sentinel));

/* 200 {} */
struct reply reply_empty(struct request *);

/* The status, detail and code of the table; argument: what stands for {}, NULL if nothing does. */
struct reply reply_refuse(struct request *, enum wire, const char *argument);

/* 400 {"non_field_errors":["…"]} */
struct reply reply_non_field_error(struct request *, const char *message);

/* 400 with errors of fields: an object already written. */
struct reply reply_field_errors(struct request *, struct bytes object);

/* 401 of a protected resource: for each class of token tried, why it was not that. */
struct token_refusal {
	const char *token_class, *token_type;
	enum wire why;
};
struct reply reply_given_token(
    struct request *, const struct token_refusal *refusals, size_t count);

/* 200 with DRF's description of the endpoint (OPTIONS). */
struct endpoint;
struct reply reply_options(struct request *, const struct endpoint *);

#endif
