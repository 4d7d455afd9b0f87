#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAXIMUM    2048 /* below PIPE_BUF, so that write(2) is atomic */
#define OURS_MAXIMUM    512  /* of it, for names, numbers and punctuation */
#define MESSAGE_MAXIMUM 1000
#define QUOTE_MAXIMUM   200
#define PLAIN_MAXIMUM   45        /* of an unquoted value: an IPv6 address */
#define AUTHPRIV        (10 << 3) /* syslog facility that only administrators may read */
#define WAIT_MAXIMUM    20        /* milliseconds */

struct line {
	char data[LINE_MAXIMUM];
	size_t length;
};

static char program_name[100] = "jwt-fcgi";
static enum {
	TO_STDERR,  /* a terminal, a file, a web server's pipe */
	TO_JOURNAL, /* standard error read by the journal, which parses <N> and adds the time */
	TO_SYSLOG   /* datagrams to /dev/log, RFC 3164 */
} target;
static bool is_json;
static int output = STDERR_FILENO;
static size_t lost;
static time_t head_second; /* the second that put_head() has formatted */

static void
put(struct line *line, const char *text)
{
	size_t length = strnlen(text, sizeof(line->data) - line->length);

	memcpy(line->data + line->length, text, length);
	line->length += length;
}

static void __attribute__((format(printf, 2, 3)))
put_format(struct line *line, const char *format, ...)
{
	char text[OURS_MAXIMUM];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	put(line, text);
}

/* marks: whether to escape quotes and backslashes. hex: prefix of a byte in hexadecimal. */
static void
put_escaped(struct line *line, struct bytes text, size_t maximum, bool marks, const char *hex)
{
	size_t length = text.length < maximum ? text.length : maximum;

	for (size_t i = 0; i < length && line->length < LINE_MAXIMUM - OURS_MAXIMUM; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte < ' ' || byte >= 0x7f) {
			put_format(line, "%s%02x", hex, byte);
			continue;
		}
		if (marks && (byte == '"' || byte == '\\'))
			line->data[line->length++] = '\\';
		line->data[line->length++] = (char)byte;
	}
}

/* Whether name=value needs no quotes around the value. */
static bool
is_plain(const char *value)
{
	size_t length = strspn(value, "-./:_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz");

	return length > 0 && length <= PLAIN_MAXIMUM && value[length] == '\0' &&
	       strcmp(value, "-") != 0;
}

static void
put_text(struct line *line, struct bytes text, bool json)
{
	put(line, "\"");
	put_escaped(line, text, QUOTE_MAXIMUM, true, json ? "\\u00" : "\\x");
	put(line, text.length > QUOTE_MAXIMUM && !json ? "\"..." : "\"");
}

static void
put_value(struct line *line, const struct log_field *field)
{
	long number = field->number < 0 ? 0 : field->number;

	if (field->kind == LOG_FIELD_NUMBER)
		put_format(line, "%ld", number);
	else if (field->kind == LOG_FIELD_THOUSANDTHS)
		put_format(line, "%ld.%03ld", number / 1000, number % 1000);
	else if (field->text == NULL)
		put(line, is_json ? "null" : "-");
	else if (!is_json && is_plain(field->text))
		put(line, field->text);
	else
		put_text(line, bytes_of(field->text), is_json);
}

/* Formats the time once per second: that is a third of the cost of a line. */
static void
put_head(struct line *line, enum log_level level)
{
	static char when[32];
	time_t now = clock_seconds();
	struct tm parts;

	if (now != head_second && target == TO_SYSLOG) /* RFC 3164, 4.1.2: local, without a year */
		strftime(when, sizeof(when), "%b %e %H:%M:%S", localtime_r(&now, &parts));
	else if (now != head_second)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
	head_second = now;
	if (target != TO_STDERR)
		put_format(line, "<%d>", (int)level + (target == TO_SYSLOG ? AUTHPRIV : 0));
	if (is_json)
		put_format(line,
		    "{\"time\":\"%s\",\"program\":\"%s\",\"pid\":%d,\"level\":\"%s\",\"message\":\"",
		    when, program_name, (int)getpid(),
		    level == LEVEL_ERROR     ? "error"
		    : level == LEVEL_WARNING ? "warning"
					     : "info");
	else
		put_format(line, "%s%s%s[%d]: ", target == TO_JOURNAL ? "" : when,
		    target == TO_JOURNAL ? "" : " ", program_name, (int)getpid());
}

static bool
connect_syslog(int descriptor)
{
	static const struct sockaddr_un address = {AF_UNIX, "/dev/log"};

	return connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/*
 * Whether the pipe is half full, as another worker may fill it between this check and write(2).
 * O_NONBLOCK would change the pipe for all processes that share it.
 */
static bool
pipe_is_full(void)
{
	int waiting = 0, size = fcntl(output, F_GETPIPE_SZ);

	return size > 0 && ioctl(output, FIONREAD, &waiting) == 0 && waiting > size / 2;
}

/*
 * Never blocks. syslog(3) would: its socket is blocking, so that a stopped syslogd would stop every
 * request.
 */
static bool
write_now(const struct line *line)
{
	ssize_t sent = send(output, line->data, line->length, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0 && errno == ENOTSOCK) {
		errno = EAGAIN;
		return !pipe_is_full() &&
		       write(output, line->data, line->length) == (ssize_t)line->length;
	}
	/* A restarted syslogd has a new socket. */
	if (sent < 0 && target == TO_SYSLOG && errno != EAGAIN && connect_syslog(output))
		sent = send(output, line->data, line->length, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent == (ssize_t)line->length;
}

static bool
emit(enum log_level level, const char *what, const struct log_field *fields)
{
	struct pollfd writable = {.fd = output, .events = POLLOUT};
	static struct line line;

	line.length = 0;
	put_head(&line, level);
	put_escaped(&line, bytes_of(what), MESSAGE_MAXIMUM, is_json, is_json ? "\\u00" : "\\x");
	put(&line, is_json ? "\"" : "");
	for (; fields->name != NULL; fields++) {
		put(&line, is_json ? ",\"" : " ");
		put(&line, fields->name);
		put(&line, is_json ? "\":" : "=");
		put_value(&line, fields);
	}
	put(&line, is_json ? "}" : "");
	put(&line, target == TO_SYSLOG ? "" : "\n");
	/* Only the first line that cannot be written waits; later ones are dropped at once. */
	return write_now(&line) || (errno == EAGAIN && lost == 0 &&
				       poll(&writable, 1, WAIT_MAXIMUM) >= 0 && write_now(&line));
}

void
log_event(enum log_level level, const char *what, const struct log_field *fields)
{
	int error = errno;

	if (lost > 0 && emit(LEVEL_WARNING, "lines of this log were lost",
			    (struct log_field[]){
				{"count", LOG_FIELD_NUMBER, .number = (long)lost}, {.name = NULL}}))
		lost = 0;
	if (lost > 0 || !emit(level, what, fields))
		lost++;
	errno = error;
}

static void
log_words(enum log_level level, const char *format, va_list arguments)
{
	static const struct log_field none = {.name = NULL};
	char message[MESSAGE_MAXIMUM + 1];
	int error = errno;

	vsnprintf(message, sizeof(message), format, arguments);
	errno = error;
	log_event(level, message, &none);
}

void
log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_words(LEVEL_ERROR, format, arguments);
	va_end(arguments);
}

void
log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_words(LEVEL_WARNING, format, arguments);
	va_end(arguments);
}

void
log_notice(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_words(LEVEL_INFO, format, arguments);
	va_end(arguments);
}

/* $JOURNAL_STREAM has the device and inode of the journal's stream (systemd.exec(5)). */
void
log_open(const char *program)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat status;

	snprintf(program_name, sizeof(program_name), "%s", program);
	if (stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	    fstat(output, &status) == 0 && device == status.st_dev && inode == status.st_ino)
		target = TO_JOURNAL;
}

void
log_to(const char *name)
{
	int syslog;

	is_json = strcmp(name, "json") == 0;
	if (strcmp(name, "syslog") != 0)
		return;
	syslog = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!connect_syslog(syslog))
		log_warning("JWT_LOG: /dev/log: %s; lines are lost until there is a syslogd",
		    strerror(errno));
	output = syslog;
	target = TO_SYSLOG;
	head_second = 0; /* syslog has another time format */
}

const char *
log_quote(struct arena *arena, struct bytes outside)
{
	struct line quoted = {.length = 0};

	put_text(&quoted, outside, false);
	return arena_copy(arena, quoted.data, quoted.length);
}
