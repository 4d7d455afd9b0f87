/*
 * Media types, compared as Django REST framework compares them (rest_framework.utils.mediatypes).
 */
#pragma once

#include "base/bytes.h"

struct media {
	struct bytes main,
	    sub; /* "application", "json", in lower case; sub is empty without a slash */
	struct bytes parameters; /* what follows the first ';' */
};

/* NULL reads as an empty text. Never fails: other text gives a type that matches no other. */
struct media media_parse(struct arena *, struct bytes text);

/* Whether "main/sub" (no wildcard) matches a type, which may have wildcards. */
bool media_matches(struct media, const char *main, const char *sub);

/* The last value of that parameter, unquoted; data is NULL if there is none. */
struct bytes media_parameter(struct arena *, struct media, const char *name);

/*
 * Whether a body of that charset can be read: UTF-8, US-ASCII (a part of it) or none named, and ISO
 * 8859-1, for which *latin1 is true.
 */
bool media_charset(struct arena *, struct media, bool *latin1);
