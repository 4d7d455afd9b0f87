/*
 * "value; name=value; name=value": the headers that say what a body or a part of it is, split as
 * Python's cgi.parse_header() and Django's own parse_header() split them.
 */
#ifndef HTTP_PARAMETER_H
#define HTTP_PARAMETER_H

#include "base/bytes.h"

enum parameters_rules {
	PARAMETERS_CGI,    /* a quote behind a backslash does not count */
	PARAMETERS_DJANGO, /* it does */
};

struct parameters {
	struct bytes rest;
	enum parameters_rules rules;
	bool more;
};

struct parameters parameters_of(struct bytes header, enum parameters_rules);

/* The next part, without the blanks around it; the first one is the value. false at the end. */
bool parameters_next(struct parameters *, struct bytes *part);

/* At the first '='; false if there is none. Neither side has blanks around it. */
bool parameter_split(struct bytes part, struct bytes *name, struct bytes *value);

bool parameter_is(struct bytes name, const char *lower); /* whatever its case */

/* Without its quotes and their backslashes, if it has quotes. */
struct bytes parameter_unquote(struct arena *, struct bytes value);

struct bytes parameter_strip(struct bytes); /* bytes.strip() */
struct bytes parameter_lower(struct arena *, struct bytes);

#endif
