/*
 * The answer to a request, made by one of the few constructors here and returned by value, so that
 * every refusal is one `return`. Headers that follow from status and endpoint are added by serve.
 */
#pragma once

#include "http/request.h"

struct reply {
	int status;            /* 0: none yet */
	const char *outcome;   /* a word for the log */
	struct bytes body;     /* JSON, in the request's arena; of 204 and 304 there is none */
	const char *type;      /* Content-Type; NULL: application/json */
	const char *cache;     /* Cache-Control; NULL: no-store */
	const char *challenge; /* WWW-Authenticate; NULL: of a 401 the type of the tokens */
	const char *referrer;  /* Referrer-Policy; NULL: same-origin */
	const char *headers; /* what reply_header() added, "Name: value\r\n" each; NULL: nothing */
};

/*
 * Adds a header of the endpoint's own. The name is ours; a value may come from anywhere: false, and
 * nothing added, if it has a byte that is no printable ASCII, so that none can end its line.
 */
bool reply_header(struct request *, struct reply *, const char *name, const char *value);

/* A status without a body (204, 304), or with one to be set: outcome is the word for the log. */
struct reply reply_status(int status, const char *outcome);

/* 200 with a JSON object of texts, in order: name, value, name, value, …, NULL. */
struct reply reply_object(struct request *, const char *name, ...) __attribute__((sentinel));

/* 200 with any JSON value. */
struct reply reply_value(struct request *, struct json_object *);

/* 200 {} */
struct reply reply_empty(struct request *);

/*
 * 200 with a public document that caches and pages of any origin may keep for so many seconds, or
 * 304 if the client has it (RFC 9110 section 13.1.2).
 */
struct reply reply_public(struct request *, struct bytes body, const char *type, long seconds);

/* The status, detail and code of the table; argument: what stands for {}, NULL if nothing does. */
struct reply reply_refuse(struct request *, enum wire, const char *argument);

/* The sentence of the table, with the argument in the place of {}. */
const char *reply_detail(struct request *, enum wire, const char *argument);

/* 400 {"non_field_errors":["…"]} */
struct reply reply_non_field_error(struct request *, const char *message);

/* 400 with the errors of fields: an object with a list of sentences for each. */
struct json_object;
struct reply reply_field_errors(struct request *, struct json_object *errors);

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
