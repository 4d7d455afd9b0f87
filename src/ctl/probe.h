/*
 * One request over HTTP or HTTPS, as a client of the service would send it.
 */
#ifndef CTL_PROBE_H
#define CTL_PROBE_H

#include "base/bytes.h"

struct probe {
	int status;         /* 0: no answer */
	const char *server; /* the header's value, "" without one */
	const char *body;
	const char *why, *mend; /* there is no answer, and what to do about it */
};

/*
 * Sends `line` ("GET /hello/") below the URL (http[s]://HOST[:PORT][/PATH]) with those header
 * lines, each with its CRLF, and a body (NULL: none). Waits a few seconds.
 */
struct probe probe_send(struct arena *, const char *url, const char *method, const char *path,
    const char *headers, const char *body);

#endif
