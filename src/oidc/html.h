/*
 * HTML written into a buffer: constant markup with escaped values.
 */
#pragma once

#include "base/buffer.h"

/*
 * Writes the markup with each {} replaced by the next of the strings that follow; NULL is "".
 * Escapes & < > " ' in a string, so that it is safe as text and in a quoted attribute, and CR,
 * which a browser would turn into LF.
 */
void html_put(struct buffer *, const char *markup, ...);
