/*
 * Where the lines of the log go, and that nobody waits for it: a request must not hang because a
 * pipe is full or syslogd has stopped. What cannot be written within a moment is lost, and the
 * caller is told.
 */
#ifndef BASE_LOG_TARGET_H
#define BASE_LOG_TARGET_H

#include <stdbool.h>
#include <stddef.h>

enum log_target {
	TARGET_PLAIN,   /* standard error; nobody adds a time or knows a priority */
	TARGET_JOURNAL, /* standard error that the journal reads: takes <N>, adds the time */
	TARGET_SYSLOG   /* datagrams to /dev/log, RFC 3164 */
};

/* What standard error is. */
enum log_target log_target_find(void);

/* Finds syslogd. NULL, or why there is none, which is no failure: each line tries again. */
const char *log_target_syslog(void);

/* A line that is whole. patient: wait a moment if its reader is behind. False: it is lost. */
bool log_target_write(enum log_target, const char *line, size_t length, bool patient);

#endif
