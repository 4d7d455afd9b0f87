/*
 * Parses known parameters of a query or a urlencoded body for OAuth (RFC 6749 section 3.1 and
 * appendix B). Strict: the text must be UTF-8 without NUL, and each '%' must begin a complete
 * escape.
 */
#pragma once

#include "base/buffer.h"

#define PARAMETER_MAXIMUM 2048 /* default of parameter.maximum */

struct request;

struct parameter {
	const char *name;
	size_t maximum;    /* of bytes in the value; 0: PARAMETER_MAXIMUM */
	const char *value; /* in the arena; NULL if absent, empty, repeated or too long */
	bool repeated;     /* present more than once, even if empty */
	bool too_long;
	bool given; /* present, with or without a value */
};

enum parameters_fault {
	PARAMETERS_GOOD,
	PARAMETERS_MALFORMED,  /* not UTF-8, a NUL, or an incomplete escape */
	PARAMETERS_MEDIA_TYPE, /* the body is not application/x-www-form-urlencoded */
	PARAMETERS_TOO_MANY,   /* more than FORM_FIELDS_MAXIMUM */
};

/*
 * Read the known parameters; the caller has set name and maximum. Unknown parameters are ignored,
 * but must be well-formed. After a fault no value is set. A request without a query or body has no
 * parameters: PARAMETERS_GOOD.
 */
enum parameters_fault parameters_of_query(struct request *, struct parameter *known, size_t count);
enum parameters_fault parameters_of_body(struct request *, struct parameter *known, size_t count);

/* Reads the body of a POST, else the query. */
enum parameters_fault parameters_of_request(
    struct request *, struct parameter *known, size_t count);

/* Decodes one name or value, NUL-terminated, in the arena; NULL if it is malformed. */
const char *parameters_decode(struct arena *, struct bytes text);

/* Writes the parameters that have a value, urlencoded: "name=value&name=value". */
void parameters_write(struct buffer *, const struct parameter *, size_t count);
