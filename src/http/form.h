/*
 * Bodies of HTML forms, read as Django 3.2 to 5.2 reads them: application/x-www-form-urlencoded as
 * django.http.QueryDict, multipart/form-data as django.http.multipartparser.MultiPartParser.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "base/bytes.h"

/*
 * One field; several of a name stand in the order received, files behind all texts, and the last
 * one counts.
 */
struct form_field {
	struct bytes name, value; /* UTF-8 */
	bool file; /* multipart part with a filename: not text for a CharField; no value */
	struct form_field *next;
};

/*
 * Both return false where Django refuses the body; *message is then the text of Django's exception
 * ("Invalid boundary in multipart: None"). An empty form is no error: *out is NULL.
 * charset: Django's name of the request's encoding, NULL for UTF-8. Undecodable bytes become
 * U+FFFD.
 */
bool form_urlencoded(struct arena *, struct bytes body, const char *charset,
    struct form_field **out, const char **message);
bool form_multipart(struct arena *, struct bytes body, const char *content_type,
    const char *charset, struct form_field **out, const char **message);

/* The last field of that name, NULL if there is none. */
const struct form_field *form_field(const struct form_field *, const char *name);

#endif
