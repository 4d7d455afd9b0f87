/*
 * ui_locales and an Accept-Language header, in two lines: a language is always found, and it is
 * English or one that the two name; of a file of texts what is left.
 */
#include "fuzz.h"

#include "oidc/text.h"

#include <strings.h>

static void
add_languages(void)
{
	static bool added;

	if (!added)
		require(text_add("de", bytes_of("a = b\n")) == 0 &&
			text_add("pt-BR", bytes_of("a = {}\n")) == 0);
	added = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *rest = arena_copy(fuzz_arena(), data, size);
	const char *ui_locales = strsep(&rest, "\n"), *accept = rest;
	const struct language *found;
	const char *tag;

	add_languages();
	found = text_language(ui_locales, accept);
	tag = text_tag(found);
	require(text_of(found, "login.title") != NULL && text_of(found, "?") == NULL);
	require(strcmp(tag, "en") == 0 || strcasestr(ui_locales, tag) != NULL ||
		(accept != NULL && strcasestr(accept, tag) != NULL));
	return 0;
}
