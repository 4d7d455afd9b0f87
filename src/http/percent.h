/*
 * Percent escapes, as urllib.parse.unquote() undoes them.
 */
#ifndef HTTP_PERCENT_H
#define HTTP_PERCENT_H

#include "base/bytes.h"

struct codec;

/* Of UTF-8 text; what the escapes stand for is decoded, with U+FFFD, and comes back as UTF-8. */
struct bytes percent_decode(struct arena *, struct bytes text, const struct codec *);

#endif
