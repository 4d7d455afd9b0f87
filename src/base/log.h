/*
 * Writes one line per event: text or JSON to standard error (a terminal, the journal, Nginx's error
 * log), or text to syslog.
 *
 * An event is a constant message and fields. A line of text is `TIME program[pid]: message
 * name=value ...`; a line of JSON is an object with the members time, level, program, pid, message
 * and the fields. Lines are printable ASCII, and each is written by one call, so that lines of
 * several workers never mix. A message consists of constants, numbers and text escaped by
 * log_quote(): never a password, token or key, nor raw bytes from a client.
 *
 * Logging cannot hang a request: a line that cannot be written within 20 ms, because a pipe is full
 * or syslogd has stopped, is dropped. The next line that can be written is preceded by one with the
 * number of dropped lines.
 */
#pragma once

#include "base/bytes.h"

enum log_level { LEVEL_ERROR = 3, LEVEL_WARNING = 4, LEVEL_INFO = 6 }; /* RFC 5424's numbers */

struct log_field {
	const char *name;
	enum { LOG_FIELD_TEXT, LOG_FIELD_NUMBER, LOG_FIELD_THOUSANDTHS } kind;
	const char *text; /* untrusted text is escaped; NULL: unknown */
	long number;      /* for the other two kinds */
};

/* Sets the program's name and chooses standard error; lines are text until log_to(). */
void log_open(const char *program);

/* Applies the value of JWT_LOG. */
void log_to(const char *target);

/* A field whose name is NULL ends the list. Truncates long values; preserves errno. */
void log_event(enum log_level, const char *what, const struct log_field *fields);

/* Log a message without fields; log_notice() at LEVEL_INFO. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Untrusted text for a message, such as a wrong setting: in double quotes, with all but printable
 * ASCII as \xHH, truncated to 200 bytes. In the arena.
 */
const char *log_quote(struct arena *, struct bytes outside);
