#include "http/media.h"

#include <ctype.h>
#include <string.h>

static struct bytes
strip(struct bytes text)
{
	while (text.length > 0 && isspace((unsigned char)text.data[0])) {
		text.data++;
		text.length--;
	}
	while (text.length > 0 && isspace((unsigned char)text.data[text.length - 1]))
		text.length--;
	return text;
}

static struct bytes
lower(struct arena *arena, struct bytes text)
{
	char *copy = arena_copy(arena, text.data, text.length);

	for (size_t i = 0; i < text.length; i++)
		copy[i] = (char)tolower((unsigned char)copy[i]);
	return (struct bytes){copy, text.length};
}

/* Cuts off what stands before the next ';' outside double quotes; the ';' is gone from the rest. */
static struct bytes
next_part(struct bytes *rest)
{
	struct bytes part = *rest;
	bool quoted = false;
	size_t end = 0;

	for (; end < rest->length && (quoted || rest->data[end] != ';'); end++)
		if (rest->data[end] == '"')
			quoted = !quoted;
	part.length = end;
	rest->data += end + (end < rest->length);
	rest->length -= end + (end < rest->length);
	return strip(part);
}

struct media
media_parse(struct arena *arena, struct bytes text)
{
	struct media media = {.parameters = text};
	struct bytes type = lower(arena, next_part(&media.parameters));
	const char *slash = type.length == 0 ? NULL : memchr(type.data, '/', type.length);

	media.main = type;
	if (slash != NULL) {
		media.main.length = (size_t)(slash - type.data);
		media.sub = (struct bytes){slash + 1, type.length - media.main.length - 1};
	}
	return media;
}

bool
media_matches(struct media media, const char *main, const char *sub)
{
	return (bytes_equal(media.sub, "*") || bytes_equal(media.sub, sub)) &&
	       (bytes_equal(media.main, "*") || bytes_equal(media.main, main));
}

/* One name=value; false when there is none left. Parts without '=' are passed over. */
static bool
next_parameter(struct arena *arena, struct bytes *rest, struct bytes *name, struct bytes *value)
{
	while (rest->length > 0) {
		struct bytes part = next_part(rest);
		const char *equals = part.length == 0 ? NULL : memchr(part.data, '=', part.length);

		if (equals == NULL)
			continue;
		*name = (struct bytes){part.data, (size_t)(equals - part.data)};
		*name = lower(arena, strip(*name));
		*value = (struct bytes){equals + 1, (size_t)(part.data + part.length - equals) - 1};
		*value = strip(*value);
		return true;
	}
	return false;
}

int
media_precedence(struct arena *arena, struct media media)
{
	struct bytes rest = media.parameters, name, value;

	if (bytes_equal(media.main, "*"))
		return 0;
	if (bytes_equal(media.sub, "*"))
		return 1;
	while (next_parameter(arena, &rest, &name, &value))
		if (!bytes_equal(name, "q"))
			return 3;
	return 2;
}

struct bytes
media_parameter(struct arena *arena, struct media media, const char *wanted)
{
	struct bytes rest = media.parameters, name, value, found = {NULL, 0};

	while (next_parameter(arena, &rest, &name, &value)) {
		if (!bytes_equal(name, wanted))
			continue;
		if (value.length >= 2 && value.data[0] == '"' &&
		    value.data[value.length - 1] == '"')
			value = (struct bytes){value.data + 1, value.length - 2};
		found = value;
	}
	return found;
}
