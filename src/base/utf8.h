/*
 * UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF.
 */
#pragma once

#include "base/bytes.h"

/*
 * The length of the character that the text starts with, 1 to 4 bytes, and its code point in *code;
 * 0 if the text is empty or starts with something that is not UTF-8.
 */
size_t utf8_read(struct bytes text, uint32_t *code);

/* How many bytes of the text, from its start, are UTF-8: its whole length if all of it is. */
size_t utf8_valid(struct bytes text);

/* The characters of a text in UTF-8, as Python counts them: bytes that do not continue one. */
size_t utf8_count(struct bytes text);

/* Without white space at both ends: what Python's str.strip() drops, Unicode's and 1C to 1F. */
struct bytes utf8_strip(struct bytes text);
