/*
 * A Content-Type, a line feed and an urlencoded body: what is read must be UTF-8, of no more fields
 * than Django allows, and be found again by its name.
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
	size_t count = 0;

	for (const struct form_field *field = fields; field != NULL; field = field->next) {
		require(is_utf8(field->name) && is_utf8(field->value) && !field->file);
		if (field->name.length > 0 && strlen(field->name.data) == field->name.length)
			require(form_field(fields, field->name.data) != NULL);
		count++;
	}
	require(count <= 1000);
}

static void
check_decoding(struct arena *arena, const char *charset, struct bytes body)
{
	struct bytes strict, replaced, read;
	const char *message = NULL;
	bool good = charset_decode(arena, charset, body, true, &strict, &message);

	require(good || message != NULL);
	require(charset_decode(arena, charset, body, false, &replaced, NULL));
	require(is_utf8(replaced) && (!good || bytes_same(strict, replaced)));
	if (charset_read(arena, charset, body, &read, &message))
		require(is_utf8(read));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
	size_t type_length = end == NULL ? 0 : (size_t)(end - data);
	size_t start = end == NULL ? 0 : type_length + 1;
	struct arena *arena = fuzz_arena();
	const char *charset = charset_of(arena, arena_copy(arena, data, type_length));
	struct bytes body = {(const char *)data + start, size - start};
	struct form_field *fields = NULL;
	const char *message = NULL;

	if (form_urlencoded(arena, body, charset, &fields, &message))
		check_fields(fields);
	else
		require(message != NULL && fields == NULL);
	check_decoding(arena, charset, body);
	return 0;
}
