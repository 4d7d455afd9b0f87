/*
 * One line per event, to standard error (a terminal, the journal, nginx's error log), as text or as
 * JSON, or to syslog.
 *
 * An event is a message, a constant of this program, and fields. A line of
 * text is `TIME program[pid]: what name=value ...`, one of JSON an object with the members time,
 * level, program, pid, message and the fields. Each is printable ASCII, written by one call so that
 * lines of several workers never mix. Only constants, numbers and the escaped form of
 * log_quote() go into a message: never a password, token or key, and no byte of a client as it
 * came. A request does not hang because a pipe is full or syslogd has stopped: a line that cannot
 * be written within 20 ms is lost, and the next one that can be written is preceded by their
 * number.
 */
#pragma once

#include "base/bytes.h"

enum log_level { LEVEL_ERROR = 3, LEVEL_WARNING = 4, LEVEL_INFO = 6 }; /* RFC 5424's numbers */

struct log_field {
	const char *name;
	enum { LOG_FIELD_TEXT, LOG_FIELD_NUMBER, LOG_FIELD_THOUSANDTHS } kind;
	const char *text; /* from anywhere; NULL: not known */
	long number;      /* of the other two kinds */
};

/* From now on lines are this program's; text on standard error until log_to(). */
void log_open(const char *program);

/* What JWT_LOG says. */
void log_to(const char *target);

/* The fields end with one that has no name. What is too long is cut. errno is kept. */
void log_event(enum log_level, const char *what, const struct log_field *fields);

/* An event without fields, of the level that the name says. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Between double quotes, everything but printable ASCII as \xHH, cut at 200
 * bytes: for what came from outside and has to be seen, such as a wrong setting. In the arena.
 */
const char *log_quote(struct arena *, struct bytes outside);
