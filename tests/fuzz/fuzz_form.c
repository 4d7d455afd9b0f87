/*
 * A Content-Type, a line feed and an urlencoded body: what is read must be UTF-8 and of no more
 * fields than Django allows.
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

	for (const struct form_field *field = fields; field != NULL; field = field->next) {
		require(is_utf8(field->name) && is_utf8(field->value) && !field->file);
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
	bool latin1;

	bytes_cut(&body, "\n", &type);
	if (!media_charset(media_parse(type), &latin1))
		return 0;
	if (form_urlencoded(arena, body, latin1, &fields, &message))
		check_fields(fields);
	else
		require(message != NULL && fields == NULL);
	return 0;
}
