#include "http/authorization.h"

#define SPACES " \t\n\v\f\r"

static bool
is_among(const char *const *words, struct bytes word)
{
	for (; *words != NULL; words++)
		if (bytes_equal(word, *words))
			return true;
	return false;
}

/* The next word of a header; none left: length 0. */
static struct bytes
next_word(const char **rest)
{
	const char *word = *rest + strspn(*rest, SPACES);
	size_t length = strcspn(word, SPACES);

	*rest = word + length;
	return (struct bytes){word, length};
}

enum wire
authorization_token(const struct request *request, struct bytes *out)
{
	const char *rest = request->authorization == NULL ? "" : request->authorization;
	struct bytes type = next_word(&rest);

	if (type.length == 0 || !is_among(request->config->auth_header_types, type))
		return WIRE_NOT_PROVIDED;
	*out = next_word(&rest);
	if (out->length == 0 || next_word(&rest).length > 0)
		return WIRE_BAD_AUTHORIZATION;
	return WIRE_OK;
}
