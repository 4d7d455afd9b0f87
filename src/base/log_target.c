#include "base/log_target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE 20 /* milliseconds */

static enum { KIND_FILE, KIND_PIPE, KIND_SOCKET } standard_error = KIND_FILE;
static int syslog_socket = -1;

/* sd-daemon(3): the journal names the device and inode of the stream that it reads. */
static bool
is_journal(const struct stat *status)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;

	return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	       device == status->st_dev && inode == status->st_ino;
}

enum log_target
log_target_find(void)
{
	struct stat status = {.st_mode = S_IFREG};

	(void)fstat(STDERR_FILENO, &status);
	standard_error = S_ISFIFO(status.st_mode)   ? KIND_PIPE
			 : S_ISSOCK(status.st_mode) ? KIND_SOCKET
						    : KIND_FILE;
	return is_journal(&status) ? TARGET_JOURNAL : TARGET_PLAIN;
}

static bool
connect_syslog(void)
{
	static const struct sockaddr_un address = {AF_UNIX, "/dev/log"};

	return connect(syslog_socket, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

const char *
log_target_syslog(void)
{
	syslog_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return connect_syslog() ? NULL : strerror(errno);
}

/*
 * A pipe of others cannot be made non-blocking for us alone, and between poll(2) and write(2)
 * another worker can take the last room: so as soon as half of it is full it counts as full.
 */
static bool
pipe_has_room(void)
{
	int waiting = 0, size = fcntl(STDERR_FILENO, F_GETPIPE_SZ);

	return size < 0 || ioctl(STDERR_FILENO, FIONREAD, &waiting) != 0 || waiting <= size / 2;
}

static bool
send_now(int descriptor, const char *line, size_t length)
{
	return send(descriptor, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

static bool
write_now(enum log_target target, const char *line, size_t length)
{
	if (target == TARGET_SYSLOG)
		return send_now(syslog_socket, line, length) ||
		       (errno != EAGAIN && connect_syslog() &&
			   send_now(syslog_socket, line, length));
	if (standard_error == KIND_SOCKET)
		return send_now(STDERR_FILENO, line, length);
	if (standard_error == KIND_PIPE && !pipe_has_room()) {
		errno = EAGAIN;
		return false;
	}
	return write(STDERR_FILENO, line, length) == (ssize_t)length;
}

bool
log_target_write(enum log_target target, const char *line, size_t length, bool patient)
{
	struct pollfd room = {
	    .fd = target == TARGET_SYSLOG ? syslog_socket : STDERR_FILENO, .events = POLLOUT};

	return write_now(target, line, length) ||
	       (errno == EAGAIN && patient && poll(&room, 1, PATIENCE) >= 0 &&
		   write_now(target, line, length));
}
