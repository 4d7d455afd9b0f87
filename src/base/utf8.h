/*
 * UTF-8 as in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#pragma once

#include "base/bytes.h"

/*
 * Decodes the first character: returns its length, 1 to 4 bytes, and sets *code. Returns 0 if the
 * text is empty or does not start with a valid character.
 */
size_t utf8_read(struct bytes text, uint32_t *code);

/* The length of the valid beginning of the text; its whole length if all of it is UTF-8. */
size_t utf8_valid(struct bytes text);

/* Counts characters as Python does. The text must be valid UTF-8. */
size_t utf8_count(struct bytes text);

/* Strips what Python's str.strip() strips: Unicode white space and U+001C to U+001F. */
struct bytes utf8_strip(struct bytes text);
