/*
 * HTML written into a buffer: what is ours as it stands, what is not ours escaped.
 */
#pragma once

#include "base/buffer.h"

/*
 * Writes the markup with each {} replaced by one of the strings that follow, in their order; NULL
 * is "". & < > " ' of a string are escaped, so that it is safe as text and in a quoted attribute;
 * and CR, which a browser would take for LF.
 */
void html_put(struct buffer *, const char *markup, ...);
