/*
 * The answer to a request, made by one of the constructors here and returned by value, so that
 * every refusal is one `return`. handle() adds the headers that follow from status and endpoint.
 */
#pragma once

#include "http/request.h"

struct reply {
	int status;            /* 0: no answer yet */
	const char *outcome;   /* one word for log and metrics */
	struct bytes body;     /* JSON, in the request's arena; empty for 204 and 304 */
	const char *type;      /* Content-Type; NULL: application/json */
	const char *cache;     /* Cache-Control; NULL: no-store */
	const char *challenge; /* WWW-Authenticate; NULL: the default for 401 */
	const char *referrer;  /* Referrer-Policy; NULL: same-origin */
	const char *headers;   /* from reply_header(), "Name: value\r\n" each; may be NULL */
};

/*
 * Adds a header. The name is a constant, the value may be untrusted: if it contains anything but
 * printable ASCII, which could end the line, returns false and adds nothing.
 */
bool reply_header(struct request *, struct reply *, const char *name, const char *value);

/* Status 0, no answer yet: the request is admitted, or its answer is made later. */
struct reply reply_none(void);

/* A status without a body; the caller may add one. outcome: the word for the log. */
struct reply reply_status(int status, const char *outcome);

/* 200 with a JSON object of strings, in order: name, value, name, value, …, NULL. */
struct reply reply_object(struct request *, const char *name, ...) __attribute__((sentinel));

/* 200 with any JSON value. */
struct reply reply_value(struct request *, struct json_object *);

/* 200 {} */
struct reply reply_empty(struct request *);

/*
 * 200 with a public document that caches and pages of any origin may keep for that many seconds, or
 * 304 if the client has it already (RFC 9110 section 13.1.2).
 */
struct reply reply_public(struct request *, struct bytes body, const char *type, long seconds);

/* A refusal of wire.c's table; argument replaces {} in the sentence, else NULL. */
struct reply reply_refuse(struct request *, enum wire, const char *argument);

/* The sentence of the table, with {} replaced by the argument. */
const char *reply_detail(struct request *, enum wire, const char *argument);

/* 400 {"non_field_errors":["…"]} */
struct reply reply_non_field_error(struct request *, const char *message);

/* 400 with the errors of fields: an object with an array of sentences for each field. */
struct json_object;
struct reply reply_field_errors(struct request *, struct json_object *errors);

/* 401 of a protected resource: for each class of token tried, why it was refused. */
struct token_refusal {
	const char *token_class, *token_type;
	enum wire why;
};
struct reply reply_given_token(
    struct request *, const struct token_refusal *refusals, size_t count);

/* 200 with DRF's description of the endpoint (OPTIONS). */
struct endpoint;
struct reply reply_options(struct request *, const struct endpoint *);
