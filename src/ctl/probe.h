/*
 * One request over HTTP, as a client of the service would send it.
 */
#ifndef CTL_PROBE_H
#define CTL_PROBE_H

#include "base/bytes.h"

struct probe {
	int status;         /* 0: no answer */
	const char *server; /* the header's value, "" without one */
	const char *body;
	const char *why; /* there is no answer */
};

/*
 * Sends `line` ("GET /hello/") below the URL (http://HOST[:PORT][/PATH]) with those header lines,
 * each with its CRLF, and a body (NULL: none). Waits five seconds at the most.
 */
struct probe probe_send(struct arena *, const char *url, const char *method, const char *path,
    const char *headers, const char *body);

#endif
