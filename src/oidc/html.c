#include "oidc/html.h"

#include <stdarg.h>

static const char *
reference_of(char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\r':
		return "&#13;";
	default:
		return "&#39;";
	}
}

static void
put_escaped(struct buffer *out, const char *text)
{
	while (*text != '\0') {
		size_t plain = strcspn(text, "&<>\"'\r");

		buffer_put(out, text, plain);
		text += plain;
		if (*text != '\0')
			buffer_puts(out, reference_of(*text++));
	}
}

void
html_put(struct buffer *out, const char *markup, ...)
{
	va_list texts;

	va_start(texts, markup);
	for (const char *gap; (gap = strstr(markup, "{}")) != NULL; markup = gap + 2) {
		const char *text = va_arg(texts, const char *);

		buffer_put(out, markup, (size_t)(gap - markup));
		put_escaped(out, text == NULL ? "" : text);
	}
	va_end(texts);
	buffer_puts(out, markup);
}
