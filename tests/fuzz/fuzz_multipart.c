/*
 * A Content-Type, a line feed and a multipart body: what is read must be UTF-8, files behind texts,
 * within Django's limits; what is refused must have a message.
 */
#include "fuzz.h"

#include "http/charset.h"
#include "http/form.h"
#include "json/json.h"

#include <string.h>

static bool
is_utf8(struct bytes text)
{
	return utf8_check(NULL, text, false, NULL, NULL);
}

static void
check_fields(const struct form_field *fields)
{
	size_t texts = 0, files = 0;

	for (; fields != NULL; fields = fields->next) {
		require(is_utf8(fields->name) && is_utf8(fields->value));
		require(fields->file || files == 0);
		require(!fields->file || (fields->value.length == 0 && fields->name.length > 0));
		texts += !fields->file;
		files += fields->file;
	}
	require(texts <= 1002 && files <= 100);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
	size_t type_length = end == NULL ? 0 : (size_t)(end - data);
	size_t start = end == NULL ? 0 : type_length + 1;
	struct arena *arena = fuzz_arena();
	char *type = arena_copy(arena, data, type_length);
	struct bytes body = {(const char *)data + start, size - start};
	struct form_field *fields = NULL;
	const char *message = NULL;

	if (form_multipart(arena, body, type, charset_of(arena, type), &fields, &message))
		check_fields(fields);
	else
		require(message != NULL && fields == NULL);
	return 0;
}
