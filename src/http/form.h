/*
 * Bodies of HTML forms: application/x-www-form-urlencoded and multipart/form-data (RFC 7578).
 */
#pragma once

#include "base/bytes.h"

#define FORM_FIELDS_MAXIMUM 1000 /* Django's DATA_UPLOAD_MAX_NUMBER_FIELDS */
#define FORM_TOO_MANY \
	"The number of GET/POST parameters exceeded settings.DATA_UPLOAD_MAX_NUMBER_FIELDS."

/* One field of a form, in the arena. Several of one name stand in the order received. */
struct form_field {
	struct bytes name, value; /* UTF-8; may contain NUL */
	bool file;                /* a part with a file name: not text, its value is empty */
	struct form_field *next;
};

/*
 * Both return the fields in *out, NULL for an empty form. latin1: the text is ISO 8859-1, else it
 * is UTF-8, where each byte that is none becomes U+FFFD. They return false, with a sentence for the
 * client in *message, for more than FORM_FIELDS_MAXIMUM fields;
 * form_multipart() also for a body that is not as RFC 7578 says. The boundary is the parameter of
 * the Content-Type; its data is NULL where there was none.
 */
bool form_urlencoded(
    struct arena *, struct bytes body, bool latin1, struct form_field **out, const char **message);
bool form_multipart(struct arena *, struct bytes body, struct bytes boundary, bool latin1,
    struct form_field **out, const char **message);

/* The last field of that name, NULL if there is none. */
const struct form_field *form_field(const struct form_field *, const char *name);

/*
 * One name or value: '+' is a blank and %xx a byte. false if a '%' has no two hexadecimal digits
 * behind it: it stands for itself then. *out has a NUL behind it.
 */
bool form_unescape(struct arena *, struct bytes text, struct bytes *out);

/* The text as UTF-8, as above. */
struct bytes form_text(struct arena *, struct bytes text, bool latin1);
