/*
 * Media types, compared as Django REST framework compares them (rest_framework.utils.mediatypes).
 */
#ifndef HTTP_MEDIA_H
#define HTTP_MEDIA_H

#include "base/bytes.h"

struct media {
	struct bytes main,
	    sub; /* "application", "json", in lower case; sub is empty without a slash */
	struct bytes parameters; /* what follows the first ';' */
};

/* NULL reads as nothing. Never fails: junk gives a type that matches nothing. */
struct media media_parse(struct arena *, struct bytes text);

/* Whether "main/sub" (no wildcard) matches a type, which may have wildcards. */
bool media_matches(struct media, const char *main, const char *sub);

/* How specific: 3 with a parameter other than q, 2 a full type, 1 any subtype, 0 any type. */
int media_precedence(struct arena *, struct media);

/* The last value of that parameter, unquoted; data is NULL if there is none. */
struct bytes media_parameter(struct arena *, struct media, const char *name);

#endif
