#include "http/media.h"

#include <string.h>

/* Splits *rest at the next ';' outside double quotes; returns the part before it. */
static struct bytes
next_part(struct bytes *rest)
{
	struct bytes part = *rest;
	bool quoted = false;
	size_t end = 0;

	if (rest->length == 0)
		return part;
	for (; end < rest->length && (quoted || rest->data[end] != ';'); end++)
		if (rest->data[end] == '"')
			quoted = !quoted;
	part.length = end;
	rest->data += end + (end < rest->length);
	rest->length -= end + (end < rest->length);
	return bytes_strip(part);
}

struct media
media_parse(struct bytes text)
{
	struct media media = {.parameters = text};
	struct bytes type = next_part(&media.parameters);
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
	return (bytes_equal(media.sub, "*") || bytes_equal_case(media.sub, sub)) &&
	       (bytes_equal(media.main, "*") || bytes_equal_case(media.main, main));
}

struct bytes
media_parameter(struct media media, const char *wanted)
{
	struct bytes rest = media.parameters, found = {NULL, 0};

	while (rest.length > 0) {
		struct bytes value = next_part(&rest), name;

		if (!bytes_cut(&value, "=", &name) || !bytes_equal_case(bytes_strip(name), wanted))
			continue;
		value = bytes_strip(value);
		if (value.length >= 2 && value.data[0] == '"' &&
		    value.data[value.length - 1] == '"')
			value = (struct bytes){value.data + 1, value.length - 2};
		found = value;
	}
	return found;
}

bool
media_charset(struct media media, bool *latin1)
{
	static const struct {
		const char *name;
		bool latin1;
	} charsets[] = {{"", false}, {"utf-8", false}, {"utf8", false}, {"us-ascii", false},
	    {"ascii", false}, {"iso-8859-1", true}, {"latin-1", true}, {"latin1", true}};
	struct bytes name = media_parameter(media, "charset");

	for (size_t i = 0; i < sizeof(charsets) / sizeof(*charsets); i++) {
		*latin1 = charsets[i].latin1;
		if (bytes_equal_case(name, charsets[i].name))
			return true;
	}
	return false;
}
