/*
 * Parses bodies of HTML forms: application/x-www-form-urlencoded and multipart/form-data (RFC
 * 7578).
 */
#pragma once

#include "base/bytes.h"

#define FORM_FIELDS_MAXIMUM 1000 /* Django's DATA_UPLOAD_MAX_NUMBER_FIELDS */
#define FORM_TOO_MANY \
	"The number of GET/POST parameters exceeded settings.DATA_UPLOAD_MAX_NUMBER_FIELDS."

/* One field of a form, in the arena. Fields of the same name are in the order received. */
struct form_field {
	struct bytes name, value; /* UTF-8; may contain NUL */
	bool file;                /* an uploaded file; its value is dropped */
	struct form_field *next;
};

/*
 * Both return a list of fields in *out, NULL for an empty form. latin1: the text is ISO 8859-1;
 * else it is UTF-8, and each invalid byte becomes U+FFFD. They return false, with a sentence for
 * the client in *message, for more than FORM_FIELDS_MAXIMUM fields; form_multipart() also for a
 * body that violates RFC 7578. The boundary is the parameter of the Content-Type; empty if there is
 * none.
 */
bool form_urlencoded(
    struct arena *, struct bytes body, bool latin1, struct form_field **out, const char **message);
bool form_multipart(struct arena *, struct bytes body, struct bytes boundary, bool latin1,
    struct form_field **out, const char **message);

/* The last field of that name, or NULL. */
const struct form_field *form_field(const struct form_field *, const char *name);

/*
 * Decodes one name or value: '+' is a space, %xx a byte. Returns false if a '%' is not followed by
 * two hexadecimal digits; it is kept then. *out is NUL-terminated.
 */
bool form_unescape(struct arena *, struct bytes text, struct bytes *out);

/* Converts the text to valid UTF-8, as described above. */
struct bytes form_text(struct arena *, struct bytes text, bool latin1);
