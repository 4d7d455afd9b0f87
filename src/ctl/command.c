#include "ctl/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
option_value(const struct invocation *invocation, const char *name)
{
	const struct option_text *options = invocation->command->options;

	for (size_t i = 0; options[i].name != NULL; i++)
		if (strcmp(options[i].name, name) == 0)
			return invocation->values[i];
	return NULL;
}

bool
option_number(const struct invocation *invocation, const char *name, long minimum, long maximum,
    long otherwise, long *out)
{
	const char *value = option_value(invocation, name);
	char *end;

	*out = otherwise;
	if (value == NULL)
		return true;
	errno = 0;
	*out = strtol(value, &end, 10);
	if (isdigit((unsigned char)*value) && *end == '\0' && errno == 0 && *out >= minimum &&
	    *out <= maximum)
		return true;
	complain(invocation, "--%s takes a number from %ld to %ld", name, minimum, maximum);
	return false;
}

bool
option_clock(const struct invocation *invocation, int64_t *out)
{
	long now;

	if (!option_number(invocation, "now", 0, 253402300799, (long)invocation->now, &now))
		return false;
	*out = now;
	return true;
}

void
complain(const struct invocation *invocation, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "jwtctl %s: ", invocation->command->name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static bool
read_input(const struct invocation *invocation, size_t limit, struct bytes *out)
{
	char *memory = arena_alloc(invocation->arena, limit + 1);
	size_t length = 0;
	ssize_t got = 1;

	while (got > 0 && length <= limit) {
		got = read(STDIN_FILENO, memory + length, limit + 1 - length);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0) {
			complain(invocation, "standard input: %s", strerror(errno));
			return false;
		} else
			length += (size_t)got;
	}
	if (length > limit) {
		complain(invocation, "standard input has more than %zu bytes", limit);
		return false;
	}
	*out = (struct bytes){memory, length};
	return true;
}

bool
read_line(const struct invocation *invocation, size_t limit, struct bytes *out)
{
	if (!read_input(invocation, limit, out))
		return false;
	if (out->length > 0 && out->data[out->length - 1] == '\n')
		out->length--;
	return true;
}
