/*
 * The charset parameter of a Content-Type, as Python's codecs read it.
 */
#ifndef HTTP_CHARSET_H
#define HTTP_CHARSET_H

#include "base/bytes.h"

/*
 * The charset named by a Content-Type header, if Python has a text codec of that name ("latin-1",
 * "ISO_8859-1", "UTF8", "utf-16", "cp1252", …); NULL if there is none or it is unknown, and for
 * UTF-8, which is the default.
 */
const char *charset_of(struct arena *, const char *content_type);

/*
 * Text in that charset to UTF-8. strict: false for bytes that it does not have, with *message as
 * CPython's UnicodeDecodeError says it; not strict: those become U+FFFD.
 */
bool charset_decode(struct arena *, const char *charset, struct bytes in, bool strict,
    struct bytes *out, const char **message);

/*
 * As codecs.getreader(charset) reads a whole JSON body: strict, but what is unfinished at the end
 * of UTF-8, UTF-16 or UTF-32 is dropped, and the latter two (without -le or -be) must start with a
 * byte order mark.
 */
bool charset_read(
    struct arena *, const char *charset, struct bytes in, struct bytes *out, const char **message);

#endif
