/*
 * What a peer sends over one connection: fcgi_receive() ends with a request that holds together or
 * with none, and what follows from its parameters is decided.
 */
#include "fuzz_request.h"

#include "http/fcgi.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAXIMUM (4 * 1024) /* so that the answers to it fit a socket's buffer */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fcgi fcgi;
	struct request request = {
	    .arena = fuzz_arena(), .config = fuzz_request_config(), .body_ignored = size % 4 == 3};
	struct bytes nothing = {"", 0};
	int pair[2], room = 1 << 20;

	if (size > INPUT_MAXIMUM)
		size = INPUT_MAXIMUM;
	require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	require(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	require(size == 0 || write(pair[1], data, size) == (ssize_t)size);
	shutdown(pair[1], SHUT_WR); /* so that nothing is waited for */
	fcgi.takes_authorizer = request.body_ignored;
	if (fcgi_receive(&fcgi, pair[0], &request))
		fcgi_answer(&fcgi, request.arena, check_request(&request).body, nothing);
	fcgi_end(&fcgi);
	if (fcgi.keep)
		close(pair[0]);
	close(pair[1]);
	return 0;
}
