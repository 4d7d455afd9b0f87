/*
 * From a request that was read to its answer: judged in Django REST framework's order, answered by
 * the endpoint, counted and logged.
 */
#ifndef HTTP_HANDLE_H
#define HTTP_HANDLE_H

#include "http/endpoint.h"

/* Head, to the empty line behind its headers, and body; both in the request's arena. */
void handle(const struct endpoint *, struct request *, struct context *, struct bytes *head,
    struct bytes *body);

#endif
