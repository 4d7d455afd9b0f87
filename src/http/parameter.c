#include "http/parameter.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bytes
parameter_strip(struct bytes text)
{
	while (text.length > 0 && is_blank(text.data[text.length - 1]))
		text.length--;
	while (text.length > 0 && is_blank(text.data[0])) {
		text.data++;
		text.length--;
	}
	return text;
}

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

struct bytes
parameter_lower(struct arena *arena, struct bytes text)
{
	char *copy = arena_copy(arena, text.data, text.length);

	for (size_t i = 0; i < text.length; i++)
		copy[i] = lower(copy[i]);
	return (struct bytes){copy, text.length};
}

bool
parameter_is(struct bytes name, const char *expected)
{
	size_t i;

	for (i = 0; i < name.length && expected[i] != '\0'; i++) {
		if (lower(name.data[i]) != expected[i])
			return false;
	}
	return i == name.length && expected[i] == '\0';
}

struct parameters
parameters_of(struct bytes header, enum parameters_rules rules)
{
	return (struct parameters){.rest = header, .rules = rules, .more = true};
}

bool
parameters_next(struct parameters *list, struct bytes *part)
{
	struct bytes rest = list->rest;
	bool quoted = false;
	size_t end;

	if (!list->more)
		return false;
	for (end = 0; end < rest.length; end++) {
		if (rest.data[end] == ';' && !quoted)
			break;
		if (rest.data[end] == '"' &&
		    (list->rules == PARAMETERS_DJANGO || end == 0 || rest.data[end - 1] != '\\'))
			quoted = !quoted;
	}
	*part = parameter_strip((struct bytes){rest.data, end});
	list->more = end < rest.length;
	if (list->more)
		list->rest = (struct bytes){rest.data + end + 1, rest.length - end - 1};
	return true;
}

bool
parameter_split(struct bytes part, struct bytes *name, struct bytes *value)
{
	const char *equals = part.length == 0 ? NULL : memchr(part.data, '=', part.length);

	if (equals == NULL)
		return false;
	*name = parameter_strip((struct bytes){part.data, (size_t)(equals - part.data)});
	*value = parameter_strip(
	    (struct bytes){equals + 1, part.length - (size_t)(equals - part.data) - 1});
	return true;
}

/* Drops a backslash wherever it stands before `next`. */
static size_t
unescape(char *text, size_t length, char next)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && i + 1 < length && text[i + 1] == next)
			i++;
		text[kept++] = text[i];
	}
	return kept;
}

/* Two passes, the backslashes first, as both parsers do it: \\" becomes " and not \". */
struct bytes
parameter_unquote(struct arena *arena, struct bytes value)
{
	char *text;
	size_t length;

	if (value.length < 2 || value.data[0] != '"' || value.data[value.length - 1] != '"')
		return value;
	length = value.length - 2;
	text = arena_copy(arena, value.data + 1, length);
	length = unescape(text, length, '\\');
	length = unescape(text, length, '"');
	return (struct bytes){text, length};
}
