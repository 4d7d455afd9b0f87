/*
 * base64url without padding (RFC 7515 section 2, RFC 4648 section 5).
 */
#pragma once

#include "base/buffer.h"

void b64url_encode(struct buffer *out, struct bytes);

/* The same, as a C string in the arena. */
const char *b64url_text(struct arena *, struct bytes);

/* How many characters encode that many bytes. */
size_t b64url_length(size_t length);

/*
 * Strict, so that every byte string has exactly one encoding: returns false for characters outside
 * the alphabet, padding, a length of 4n + 1, and unused bits of the last character that are not 0.
 */
bool b64url_decode(struct arena *, struct bytes text, struct bytes *out);
