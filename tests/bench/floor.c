/*
 * The floor of the benchmark: what a FastCGI program costs that does nothing at all. libfcgi, the
 * request read to its end, a constant answer with the headers and the length of ours. Built for the
 * benchmark only.
 */
#include <fcgiapp.h>
#include <stdio.h>
#include <string.h>

static const char format[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nVary: Accept\r\n"
    "Allow: GET, HEAD, OPTIONS\r\nX-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n"
    "Cache-Control: no-store\r\n\r\n%s";

int
main(void)
{
	char body[4096], to_get[1024], to_post[1024], *answer;
	FCGX_Request request;

	snprintf(to_get, sizeof(to_get), format, 27, "{\"message\":\"Hello, World!\"}");
	snprintf(to_post, sizeof(to_post), format, 248, "");
	snprintf(to_post + strlen(to_post), 256, "{\"access\":\"%0235d\"}", 0);
	FCGX_Init();
	FCGX_InitRequest(&request, 0, 0);
	while (FCGX_Accept_r(&request) == 0) {
		answer = to_get;
		while (FCGX_GetStr(body, sizeof(body), request.in) > 0)
			answer = to_post;
		FCGX_PutS(answer, request.out);
		FCGX_Finish_r(&request);
	}
	return 0;
}
