#include "ctl/command.h"

#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum outcome
command_outcome(enum verdict verdict)
{
	return verdict == VERDICT_YES  ? OUTCOME_YES
	       : verdict == VERDICT_NO ? OUTCOME_NO
				       : OUTCOME_UNDECIDED;
}

const char *
command_value(const struct invocation *invocation, const char *name)
{
	const struct option_text *options = invocation->command->options;

	for (size_t i = 0; options[i].name != NULL; i++)
		if (strcmp(options[i].name, name) == 0)
			return invocation->values[i];
	return NULL;
}

const char *
command_or(const struct invocation *invocation, const char *name, const char *otherwise)
{
	const char *value = command_value(invocation, name);

	return value == NULL ? otherwise : value;
}

const char *
command_flag(const struct invocation *invocation, const char *name)
{
	return command_value(invocation, name) == NULL ? "f" : "t";
}

bool
command_number(const struct invocation *invocation, const char *name, long minimum, long maximum,
    long otherwise, long *out)
{
	const char *value = command_value(invocation, name);
	char *end;

	*out = otherwise;
	if (value == NULL)
		return true;
	errno = 0;
	*out = strtol(value, &end, 10);
	if (isdigit((unsigned char)*value) && *end == '\0' && errno == 0 && *out >= minimum &&
	    *out <= maximum)
		return true;
	command_error(invocation, "--%s takes a number from %ld to %ld", name, minimum, maximum);
	return false;
}

bool
command_clock(const struct invocation *invocation, int64_t *out)
{
	long now;

	if (!command_number(invocation, "now", 0, 253402300799, (long)invocation->now, &now))
		return false;
	*out = now;
	return true;
}

void
command_error(const struct invocation *invocation, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "jwtctl %s: ", invocation->command->name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

bool
command_read_line(const struct invocation *invocation, size_t limit, struct bytes *out)
{
	char *memory = arena_alloc(invocation->arena, limit + 1);
	size_t length;

	if (!file_read_all(STDIN_FILENO, memory, limit + 1, &length)) {
		command_error(invocation, "standard input: %s", strerror(errno));
		return false;
	}
	if (length > limit) {
		command_error(invocation, "standard input has more than %zu bytes", limit);
		return false;
	}
	length -= length > 0 && memory[length - 1] == '\n';
	*out = (struct bytes){memory, length};
	return true;
}
