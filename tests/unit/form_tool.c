/*
 * Drives the form readers from a pipe, for tests/e2e/test_form_differential.py. A request is the
 * line "KIND LENGTH LENGTH", the Content-Type and the body; the answer is "ok COUNT" and for each
 * field a line "text LENGTH LENGTH" or "file LENGTH LENGTH", the name and the value; or
 * "refused LENGTH" and the message.
 */
#include "http/form.h"
#include "http/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct question {
	char kind[16];
	struct bytes content_type, body;
};

static char *
read_bytes(struct arena *arena, size_t length)
{
	char *bytes = arena_alloc(arena, length + 1);

	if (fread(bytes, 1, length, stdin) != length)
		exit(EXIT_FAILURE);
	return bytes;
}

static bool
question_read(struct arena *arena, struct question *out)
{
	size_t type_length, body_length;

	if (scanf("%15s %zu %zu", out->kind, &type_length, &body_length) != 3 || getchar() != '\n')
		return false;
	out->content_type = (struct bytes){read_bytes(arena, type_length), type_length};
	out->body = (struct bytes){read_bytes(arena, body_length), body_length};
	return true;
}

static bool
answer(struct arena *arena, const struct question *q, struct form_field **out, const char **message)
{
	struct media media = media_parse(q->content_type);
	bool latin1;

	if (!media_charset(media, &latin1))
		exit(EXIT_FAILURE);
	if (strcmp(q->kind, "urlencoded") == 0)
		return form_urlencoded(arena, q->body, latin1, out, message);
	return form_multipart(
	    arena, q->body, media_parameter(media, "boundary"), latin1, out, message);
}

/* No bytes may have no address, which fwrite(3) does not want to see. */
static void
print_bytes(struct bytes bytes)
{
	if (bytes.length > 0)
		fwrite(bytes.data, 1, bytes.length, stdout);
}

static void
answer_write(const struct form_field *fields)
{
	size_t count = 0;

	for (const struct form_field *field = fields; field != NULL; field = field->next)
		count++;
	printf("ok %zu\n", count);
	for (; fields != NULL; fields = fields->next) {
		printf("%s %zu %zu\n", fields->file ? "file" : "text", fields->name.length,
		    fields->value.length);
		print_bytes(fields->name);
		print_bytes(fields->value);
	}
}

int
main(void)
{
	struct arena *arena = arena_new();
	struct question question;

	while (question_read(arena, &question)) {
		struct form_field *fields = NULL;
		const char *message = "";

		if (answer(arena, &question, &fields, &message))
			answer_write(fields);
		else
			printf("refused %zu\n%s", strlen(message), message);
		fflush(stdout);
		arena_reset(arena);
	}
	arena_free(arena);
	return EXIT_SUCCESS;
}
