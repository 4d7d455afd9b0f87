/*
 * What an endpoint takes and answers, as parts of an OpenAPI 3.1 document: scripts/schema joins
 * those of all programs. It has the URLs that a front end calls with JSON. Those of OpenID Connect
 * are left out, because a client finds them in the provider's own document (discovery.c), and a
 * library of its language speaks that protocol; so are the URLs of the operator (health, metrics).
 */
#pragma once

#include "http/endpoint.h"

/*
 * Prints three lines: the object of its paths, that of the schemas to which they refer, and that of
 * the security schemes. Names are those that drf-spectacular gives to Django's views with
 * COMPONENT_SPLIT_REQUEST. All are empty for an endpoint without schema.
 */
void describe(const struct config *, const struct endpoint *);
