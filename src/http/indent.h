/*
 * JSON laid out for reading, as json.dumps(indent=…) does it.
 */
#ifndef HTTP_INDENT_H
#define HTTP_INDENT_H

#include "base/bytes.h"

/* json: well-formed and without white space outside strings. */
struct bytes json_indent(struct arena *, struct bytes json, int indent);

#endif
