/*
 * base64url without padding (RFC 7515 section 2, RFC 4648 section 5).
 */
#pragma once

#include "base/buffer.h"

void b64url_encode(struct buffer *out, struct bytes);

/* The same as a string in the arena. */
const char *b64url_text(struct arena *, struct bytes);

/* The characters that so many bytes become. */
size_t b64url_length(size_t length);

/*
 * Strict: only the alphabet, no padding, no length that leaves 6 bits over, and the unused bits of
 * the last character 0, so that every byte string has exactly one form.
 */
bool b64url_decode(struct arena *, struct bytes text, struct bytes *out);
