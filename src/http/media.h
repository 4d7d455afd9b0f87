/*
 * Media types, compared as Django REST framework compares them (rest_framework.utils.mediatypes).
 */
#pragma once

#include "base/bytes.h"

struct media {
	struct bytes main, sub;  /* sub is empty without a slash */
	struct bytes parameters; /* after the first ';' */
};

/* Never fails: malformed text gives a type that matches no other, as does length 0. */
struct media media_parse(struct bytes text);

/* Whether a type, which may have wildcards, matches main/sub, which has none. */
bool media_matches(struct media, const char *main, const char *sub);

/* The last value of that parameter, without quotes; data is NULL if there is none. */
struct bytes media_parameter(struct media, const char *name);

/*
 * Whether the charset is supported: UTF-8, US-ASCII (a subset), none, or ISO 8859-1, which sets
 * *latin1.
 */
bool media_charset(struct media, bool *latin1);
