/*
 * Base64 as Python's base64.b64decode() reads it: what is not of the alphabet is skipped, and
 * enough padding ends the text.
 */
#ifndef HTTP_BASE64_H
#define HTTP_BASE64_H

#include "base/bytes.h"

/* false where Python raises binascii.Error. */
bool base64_decode(struct arena *, struct bytes text, struct bytes *out);

#endif
