#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAXIMUM  1024
#define QUOTE_MAXIMUM 200

static const char *program_name = "jwt-fcgi";

/* What a line begins with, the same for all lines of a second. */
static struct {
	time_t second;
	char text[LINE_MAXIMUM / 2];
	size_t length;
} head;

void
log_open(const char *program)
{
	program_name = program;
	head.second = 0;
}

static void
make_head(time_t now)
{
	struct tm utc;
	int written;

	gmtime_r(&now, &utc);
	head.second = now;
	head.length = strftime(head.text, sizeof(head.text), "%Y-%m-%dT%H:%M:%SZ ", &utc);
	written = snprintf(head.text + head.length, sizeof(head.text) - head.length,
	    "%.100s[%d]: ", program_name, (int)getpid());
	head.length += written > 0 ? (size_t)written : 0;
}

void
log_line(const char *format, ...)
{
	char line[LINE_MAXIMUM];
	va_list arguments;
	int error = errno;
	time_t now = time(NULL);
	size_t length;
	int written;

	if (now != head.second)
		make_head(now);
	memcpy(line, head.text, head.length);
	va_start(arguments, format);
	written = vsnprintf(line + head.length, sizeof(line) - head.length - 1, format, arguments);
	va_end(arguments);
	length = head.length + (written > 0 ? (size_t)written : 0);
	if (length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	/* Nobody is left to tell when standard error is full or gone. */
	(void)!write(STDERR_FILENO, line, length);
	errno = error;
}

const char *
log_quote(struct arena *arena, struct bytes outside)
{
	struct buffer text = {.arena = arena};
	size_t length = outside.length < QUOTE_MAXIMUM ? outside.length : QUOTE_MAXIMUM;

	buffer_putc(&text, '"');
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)outside.data[i];

		if (byte == '"' || byte == '\\')
			buffer_printf(&text, "\\%c", byte);
		else if (byte >= ' ' && byte < 0x7f)
			buffer_putc(&text, (char)byte);
		else
			buffer_printf(&text, "\\x%02x", byte);
	}
	buffer_puts(&text, outside.length > QUOTE_MAXIMUM ? "\"..." : "\"");
	return text.data;
}
