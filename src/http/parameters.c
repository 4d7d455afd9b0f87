#include "http/parameters.h"

#include "base/utf8.h"
#include "http/form.h"
#include "http/media.h"
#include "http/request.h"

const char *
parameters_decode(struct arena *arena, struct bytes text)
{
	struct bytes plain;

	if (!form_unescape(arena, text, &plain) || utf8_valid(plain) != plain.length ||
	    memchr(plain.data, '\0', plain.length) != NULL)
		return NULL;
	return plain.data;
}

static void
forget(struct parameter *known, size_t count)
{
	for (size_t i = 0; i < count; i++)
		known[i] = (struct parameter){known[i].name, .maximum = known[i].maximum};
}

/* A repeated parameter is ambiguous, so no value is used. */
static void
take(struct parameter *known, size_t count, const char *name, const char *value)
{
	size_t maximum;

	while (count > 0 && strcmp(known->name, name) != 0) {
		known++;
		count--;
	}
	if (count == 0)
		return;
	maximum = known->maximum == 0 ? PARAMETER_MAXIMUM : known->maximum;
	known->repeated = known->given;
	known->given = true;
	known->too_long = known->too_long || strlen(value) > maximum;
	known->value = known->repeated || known->too_long || *value == '\0' ? NULL : value;
}

static enum parameters_fault
parse(struct arena *arena, struct bytes text, struct parameter *known, size_t count)
{
	size_t fields = 0;

	forget(known, count);
	while (text.length > 0) {
		struct bytes encoded, rest;
		const char *name, *value;

		bytes_cut(&text, "&", &rest);
		bytes_cut(&rest, "=", &encoded);
		name = parameters_decode(arena, encoded);
		value = parameters_decode(arena, rest);
		if (name != NULL && value != NULL && ++fields <= FORM_FIELDS_MAXIMUM) {
			take(known, count, name, value);
			continue;
		}
		forget(known, count);
		return name == NULL || value == NULL ? PARAMETERS_MALFORMED : PARAMETERS_TOO_MANY;
	}
	return PARAMETERS_GOOD;
}

enum parameters_fault
parameters_of_query(struct request *request, struct parameter *known, size_t count)
{
	return parse(request->arena, bytes_of(request->query), known, count);
}

enum parameters_fault
parameters_of_body(struct request *request, struct parameter *known, size_t count)
{
	struct media media = media_parse(bytes_of(request->content_type));
	bool latin1;

	forget(known, count);
	/* Some clients declare ISO 8859-1 although they escape every byte that is not ASCII. */
	if (request->body.length > 0 && (!bytes_equal_case(media.main, "application") ||
					    !bytes_equal_case(media.sub, "x-www-form-urlencoded") ||
					    !media_charset(media, &latin1)))
		return PARAMETERS_MEDIA_TYPE;
	return parse(request->arena, request->body, known, count);
}

enum parameters_fault
parameters_of_request(struct request *request, struct parameter *known, size_t count)
{
	return request_is_post(request) ? parameters_of_body(request, known, count)
					: parameters_of_query(request, known, count);
}

/* Escapes all but the unreserved characters of RFC 3986 section 2.3. */
static void
encode(struct buffer *out, const char *text)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	while (*text != '\0') {
		size_t length = strspn(text, plain);

		buffer_put(out, text, length);
		text += length;
		if (*text != '\0')
			buffer_printf(out, "%%%02X", (unsigned char)*text++);
	}
}

void
parameters_write(struct buffer *out, const struct parameter *parameters, size_t count)
{
	const char *joint = "";

	for (; count > 0; parameters++, count--) {
		if (parameters->value == NULL)
			continue;
		buffer_printf(out, "%s%s=", joint, parameters->name);
		encode(out, parameters->value);
		joint = "&";
	}
}
