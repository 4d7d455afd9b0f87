#include "http/fcgi.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcgiapp.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORD_HEADER 8
#define PARAMS        4
#define STDIN         5
#define ENDS_MAXIMUM  ((size_t)2 * RECORD_HEADER)
#define WRITE_AT_ONCE 8000 /* below libfcgi's buffer of 8,192 bytes: one write(2) */
#define FREED_MEMORY  0x5a /* byte with which free(3) overwrites memory */

static FCGX_Request fcgx;
static struct {
	unsigned char *bytes;
	size_t size;
	int file, spare; /* the same file: libfcgi closes `file` after a protocol error */
} spool;

static bool
open_spool(size_t size)
{
	spool.file = memfd_create("request", MFD_CLOEXEC);
	if (spool.file < 0 || ftruncate(spool.file, (off_t)size) != 0)
		return false;
	spool.spare = dup(spool.file);
	spool.bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, spool.file, 0);
	spool.size = size;
	return spool.spare >= 0 && spool.bytes != MAP_FAILED &&
	       madvise(spool.bytes, size, MADV_DONTDUMP) == 0;
}

bool
fcgi_open(size_t body_maximum)
{
	/*
	 * libfcgi frees copies of headers and body without wiping them. This overwrites all blocks
	 * but those below 1,033 bytes: for them see wipe_parameters().
	 */
	mallopt(M_PERTURB, FREED_MEMORY);
	if (open_spool(guard_maximum(body_maximum) + ENDS_MAXIMUM) && FCGX_Init() == 0 &&
	    FCGX_InitRequest(&fcgx, -1, 0) == 0)
		return true;
	log_error("cannot prepare FastCGI: %s", strerror(errno));
	return false;
}

/* Writes the empty record that ends a stream. */
static unsigned char *
put_end(unsigned char *at, int type, unsigned request_id)
{
	const unsigned char record[RECORD_HEADER] = {
	    1, (unsigned char)type, (unsigned char)(request_id >> 8), (unsigned char)request_id};

	memcpy(at, record, sizeof(record));
	return at + sizeof(record);
}

/*
 * Copies the request to the end of the spool, so that end of file follows it. Of an oversized
 * request guard_drop() removed the rest: its streams are ended here.
 */
static size_t
fill_spool(const struct guard *guard, const unsigned char *bytes)
{
	unsigned char ends[ENDS_MAXIMUM], *end = ends;
	size_t length;
	unsigned char *start;

	if (guard->parameters_too_large)
		end = put_end(end, PARAMS, guard->request_id);
	if ((guard->parameters_too_large || guard->body_too_large) && !guard->authorizer)
		end = put_end(end, STDIN, guard->request_id);
	length = guard->head + (size_t)(end - ends);
	start = spool.bytes + spool.size - length;
	memcpy(start, bytes, guard->head);
	memcpy(start + guard->head, ends, (size_t)(end - ends));
	lseek(spool.file, (off_t)(spool.size - length), SEEK_SET);
	return length;
}

/* Lets libfcgi parse the parameters. */
static bool
parse(void)
{
	fcgx.ipcFd = spool.file;
	fcgx.keepConnection = 1; /* FCGX_Accept_r() finishes the last request without closing */
	FCGX_Detach(&fcgx);      /* if it closes after an error, then without waiting */
	if (FCGX_Accept_r(&fcgx) != 0) {
		spool.file = dup(spool.spare);
		return false;
	}
	fcgx.keepConnection = 1; /* the event loop closes the connection, not libfcgi */
	return true;
}

/* Returns false if libfcgi does not read what the guard has checked. */
static bool
take_body(struct request *request, const struct guard *guard)
{
	size_t length = guard->body_too_large || guard->parameters_too_large ? 0 : guard->body;
	char *body = arena_alloc(request->arena, length);

	if (length > 0 && FCGX_GetStr(body, (int)length, fcgx.in) != (int)length)
		return false;
	request->body = (struct bytes){body, length};
	return FCGX_GetError(fcgx.in) == 0;
}

static void
wipe_parameters(void)
{
	for (char **variable = fcgx.envp; *variable != NULL; variable++)
		explicit_bzero(*variable, strlen(*variable));
}

static bool
take_request(struct request *request, const struct guard *guard)
{
	if (!parse())
		return false;
	request_parameters(request, fcgx.envp);
	if (take_body(request, guard))
		return true;
	wipe_parameters();
	FCGX_Free(&fcgx, false); /* FCGX_Finish_r() would write into the spool and close it */
	return false;
}

static bool
receive(struct request *request, const struct guard *guard, const unsigned char *bytes)
{
	size_t length = fill_spool(guard, bytes);
	bool received = take_request(request, guard);

	explicit_bzero(spool.bytes + spool.size - length, length);
	if (!received)
		return false;
	request->authorizer = guard->authorizer;
	if (guard->parameters_too_large)
		request->defect = WIRE_HEADERS_TOO_LARGE;
	else if (guard->body_too_large)
		request->defect = WIRE_TOO_LARGE;
	request_complete(request);
	return true;
}

/* As the connection is non-blocking, a large answer needs a larger socket buffer. */
static bool
send_answer(int connection, struct bytes head, struct bytes body)
{
	int size = (int)(head.length + body.length);
	bool sent;

	fcgx.ipcFd = connection;
	if (size > WRITE_AT_ONCE) {
		size *= 2;
		setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	FCGX_PutStr(head.data, (int)head.length, fcgx.out);
	FCGX_PutStr(body.data, (int)body.length, fcgx.out);
	wipe_parameters();
	FCGX_Finish_r(&fcgx);
	sent = fcgx.ipcFd >= 0; /* closed after an error */
	fcgx.ipcFd = -1;
	return sent;
}

bool
fcgi_answer(const struct service *service, int connection, const struct guard *guard,
    const unsigned char *bytes)
{
	struct request request = {
	    .arena = service->arena, .config = service->config, .now = clock_seconds()};
	struct bytes head, body;
	bool sent = false;

	if (receive(&request, guard, bytes)) {
		handle(service, &request, &head, &body);
		sent = send_answer(connection, head, body);
		if (!sent)
			log_warning(
			    "the client closed the connection before the response was sent");
	} else {
		log_error("libfcgi cannot read a request that was found good; connection closed");
		close(connection);
	}
	arena_reset(service->arena);
	return sent;
}
