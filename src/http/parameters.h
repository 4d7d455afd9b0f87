/*
 * Known parameters of a query or of a urlencoded body, as OAuth needs them (RFC 6749 section 3.1
 * and appendix B). Strict: what is read is UTF-8 without NUL, and every '%' begins a whole escape.
 */
#pragma once

#include "base/buffer.h"

#define PARAMETER_MAXIMUM 2048 /* bytes of a value, unless the parameter says otherwise */

struct request;

struct parameter {
	const char *name;
	size_t maximum;    /* bytes of the value; 0: PARAMETER_MAXIMUM */
	const char *value; /* in the request's arena; NULL: absent, empty, repeated or too long */
	bool repeated;     /* there more than once, empty ones counted */
	bool too_long;
	bool given; /* there at all, with or without a value */
};

enum parameters_fault {
	PARAMETERS_GOOD,
	PARAMETERS_MALFORMED, /* not UTF-8, a NUL, or a '%' that no two hexadecimal digits follow */
	PARAMETERS_MEDIA_TYPE, /* a body that is not application/x-www-form-urlencoded */
	PARAMETERS_TOO_MANY,   /* more than FORM_FIELDS_MAXIMUM */
};

/*
 * Read the known parameters, of which the caller has set name and maximum. Unknown ones are
 * ignored; each '%' and byte of them must be right nevertheless. After a fault no value is set. A
 * request without a query or body has no parameters: PARAMETERS_GOOD.
 */
enum parameters_fault parameters_of_query(struct request *, struct parameter *known, size_t count);
enum parameters_fault parameters_of_body(struct request *, struct parameter *known, size_t count);

/* Those of the body of a POST, of the query otherwise. */
enum parameters_fault parameters_of_request(
    struct request *, struct parameter *known, size_t count);

/* One urlencoded name or value, with a NUL behind it; NULL if it is malformed. In the arena. */
const char *parameters_decode(struct arena *, struct bytes text);

/* Writes those that have a value, urlencoded: "name=value&name=value". */
void parameters_write(struct buffer *, const struct parameter *, size_t count);
