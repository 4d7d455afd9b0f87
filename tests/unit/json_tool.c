/*
 * Shows what json/json.h does with texts, for test_json_differential.py.
 *
 * Reads frames "LENGTH:BYTES," (netstrings) from standard input and answers each with eight:
 * the message of utf8_check() or nothing, the same for a stream, the valid part's length for a
 * stream; then for that part: JSON_PYTHON's message or nothing, the value written in ASCII, the
 * value written in UTF-8, json_text(); and last JSON_STRICT's message or nothing.
 */
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

static struct bytes
frame_read(struct arena *arena)
{
	struct bytes frame = {NULL, 0};
	size_t length;
	char *data;

	if (scanf("%zu", &length) != 1 || getchar() != ':')
		return frame;
	data = arena_alloc(arena, length + 1);
	if (fread(data, 1, length, stdin) != length || getchar() != ',')
		exit(EXIT_FAILURE);
	frame.data = data;
	frame.length = length;
	return frame;
}

static void
frame_write(struct bytes frame)
{
	printf("%zu:", frame.length);
	fwrite(frame.data == NULL ? "" : frame.data, 1, frame.length, stdout);
	putchar(',');
}

static struct bytes
written(struct arena *arena, const struct json *json, bool ascii)
{
	struct buffer buffer = {.arena = arena};

	if (json != NULL)
		json_write(&buffer, json, ascii);
	return buffer_bytes(&buffer);
}

static struct bytes
text_of(struct arena *arena, const struct json *json)
{
	return json == NULL ? bytes_of(NULL) : json_text(arena, json);
}

/* A copy without a byte behind it, so that a sanitizer sees a read past the end. */
static char *
exact_copy(struct bytes text)
{
	char *data = malloc(text.length == 0 ? 1 : text.length);

	if (data == NULL)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < text.length; i++)
		data[i] = text.data[i];
	return data;
}

static void
text_show(struct arena *arena, struct bytes text)
{
	const char *whole = NULL, *stream = NULL, *python = NULL, *strict = NULL;
	char *copy = exact_copy(text);
	struct bytes part = {copy, text.length};
	const struct json *json;
	size_t valid;

	utf8_check(arena, part, false, NULL, &whole);
	utf8_check(arena, part, true, &valid, &stream);
	part.length = valid;
	json = json_parse(arena, part, JSON_PYTHON, &python);
	json_parse(arena, part, JSON_STRICT, &strict);
	frame_write(bytes_of(whole));
	frame_write(bytes_of(stream));
	frame_write(bytes_of(arena_printf(arena, "%zu", valid)));
	frame_write(bytes_of(python));
	frame_write(written(arena, json, true));
	frame_write(written(arena, json, false));
	frame_write(text_of(arena, json));
	frame_write(bytes_of(strict));
	free(copy);
}

int
main(void)
{
	struct arena *arena = arena_new();
	struct bytes text;

	while ((text = frame_read(arena)).data != NULL) {
		text_show(arena, text);
		arena_reset(arena);
	}
	arena_free(arena);
	return EXIT_SUCCESS;
}
