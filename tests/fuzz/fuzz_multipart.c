/*
 * A Content-Type, a line feed and a multipart body: what is read must be UTF-8 and within the
 * limit; what is refused must have a message.
 */
#include "fuzz.h"

#include "base/utf8.h"
#include "http/form.h"
#include "http/media.h"

static bool
is_utf8(struct bytes text)
{
	return utf8_valid(text) == text.length;
}

static void
check_fields(const struct form_field *fields)
{
	size_t count = 0;

	for (; fields != NULL; fields = fields->next) {
		require(is_utf8(fields->name) && is_utf8(fields->value));
		require(!fields->file || fields->value.length == 0);
		count++;
	}
	require(count <= FORM_FIELDS_MAXIMUM);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = fuzz_arena();
	struct bytes body = {(const char *)data, size}, type;
	struct form_field *fields = NULL;
	const char *message = NULL;
	struct media media;
	bool latin1;

	bytes_cut(&body, "\n", &type);
	media = media_parse(type);
	if (!media_charset(media, &latin1))
		return 0;
	if (form_multipart(
		arena, body, media_parameter(media, "boundary"), latin1, &fields, &message))
		check_fields(fields);
	else
		require(message != NULL && fields == NULL);
	return 0;
}
