/*
 * One line per event, to standard error (a terminal, the journal, nginx's error log).
 *
 * A line is `TIME program[pid]: text`, written by one write(2) so that lines of several workers
 * never mix. Only our own words, numbers and the escaped form of log_quote() go into a text: never
 * a password, token or key, and no byte of a client as it came.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/bytes.h"

void log_open(const char *program);

/* Longer than 1000 bytes is cut. errno is kept. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Between double quotes, everything but printable ASCII as \xHH, cut at 200
 * bytes: for what came from outside and has to be seen, such as a wrong setting. In the arena.
 */
const char *log_quote(struct arena *, struct bytes outside);

#endif
