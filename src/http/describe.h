/*
 * Describes the requests and answers of an endpoint as parts of an OpenAPI 3.1 document, which
 * scripts/schema joins. The document has the URLs that a front end calls with JSON. It omits those
 * of OpenID Connect, whose clients use a library and the provider's own discovery document
 * (discovery.c), and those of the operator (health, metrics).
 */
#pragma once

#include "http/endpoint.h"

/*
 * Prints three lines, a JSON object each: the paths, the schemas that they refer to, and the
 * security schemes. Names are those that drf-spectacular gives to Django's views with
 * COMPONENT_SPLIT_REQUEST. The objects are empty for an endpoint without a schema.
 */
void describe(const struct config *, const struct endpoint *);
