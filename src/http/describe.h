/*
 * What an endpoint takes and answers, as parts of an OpenAPI 3.1 document: scripts/schema joins
 * those of all programs.
 */
#ifndef HTTP_DESCRIBE_H
#define HTTP_DESCRIBE_H

#include "http/endpoint.h"

/*
 * Prints two lines: the object of its paths, and that of the schemas to which they refer, named as
 * drf-spectacular with COMPONENT_SPLIT_REQUEST does. Both are empty for an endpoint without schema.
 */
void describe(const struct config *, const struct endpoint *);

#endif
