#include "http/charset.h"

#include "http/codec.h"
#include "http/parameter.h"

#include <string.h>

/* django.http.HttpRequest._set_content_type_params() */
const char *
charset_of(struct arena *arena, const char *content_type)
{
	struct parameters list = parameters_of(bytes_of(content_type), PARAMETERS_CGI);
	struct bytes part, name, value, charset = {0};
	const struct codec *codec;

	parameters_next(&list, &part);
	while (parameters_next(&list, &part)) {
		if (parameter_split(part, &name, &value) && parameter_is(name, "charset"))
			charset = parameter_unquote(arena, value);
	}
	codec = codec_find(charset);
	if (codec == NULL || codec == codec_of(NULL) || !codec_available(codec))
		return NULL;
	return codec->module;
}

static bool
charset_run(struct arena *arena, const char *charset, struct bytes in, enum codec_errors errors,
    struct bytes *out, const char **message)
{
	struct buffer text = {.arena = arena};
	struct decoding decoding = {
	    .codec = codec_of(charset), .in = in, .errors = errors, .out = &text};

	if (!decoding.codec->decode(&decoding)) {
		if (message != NULL)
			*message = decoding.message;
		return false;
	}
	*out = buffer_bytes(&text);
	return true;
}

bool
charset_decode(struct arena *arena, const char *charset, struct bytes in, bool strict,
    struct bytes *out, const char **message)
{
	return charset_run(arena, charset, in, strict ? CODEC_STRICT : CODEC_REPLACE, out, message);
}

bool
charset_read(struct arena *arena, const char *charset, struct bytes in, struct bytes *out,
    const char **message)
{
	return charset_run(arena, charset, in, CODEC_STREAM, out, message);
}

void
codec_put(const struct codec *codec, struct bytes in, struct buffer *out)
{
	struct decoding decoding = {.codec = codec, .in = in, .errors = CODEC_REPLACE, .out = out};

	codec->decode(&decoding);
}
