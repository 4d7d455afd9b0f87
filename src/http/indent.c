#include "http/indent.h"

static void
break_line(struct buffer *out, int depth, int indent)
{
	buffer_printf(out, "\n%*s", depth * indent, "");
}

struct bytes
json_indent(struct arena *arena, struct bytes json, int indent)
{
	struct buffer out = {.arena = arena};
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < json.length; i++) {
		char at = json.data[i];
		char next = i + 1 < json.length ? json.data[i + 1] : '\0';

		if (quoted || at == '"') {
			buffer_putc(&out, at);
			if (quoted && at == '\\')
				buffer_putc(&out, json.data[++i]);
			else if (at == '"')
				quoted = !quoted;
		} else if ((at == '{' && next == '}') || (at == '[' && next == ']')) {
			buffer_putc(&out, at);
			buffer_putc(&out, json.data[++i]);
		} else if (at == '{' || at == '[') {
			buffer_putc(&out, at);
			break_line(&out, ++depth, indent);
		} else if (at == '}' || at == ']') {
			break_line(&out, --depth, indent);
			buffer_putc(&out, at);
		} else if (at == ',') {
			buffer_putc(&out, at);
			break_line(&out, depth, indent);
		} else {
			buffer_putc(&out, at);
			if (at == ':')
				buffer_putc(&out, ' ');
		}
	}
	return buffer_bytes(&out);
}
