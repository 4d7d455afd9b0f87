/*
 * PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2), one block of output, as fast as the compression
 * function allows, and giving way to other processes meanwhile. Knows no stored strings.
 */
#pragma once

#include "base/bytes.h"

enum { PBKDF2_SHA256_SIZE = 32 };

/* iterations: from 1 to INT_MAX. False only if the library fails; then out holds nothing of use. */
bool pbkdf2_sha256(struct bytes password, struct bytes salt, long iterations,
    unsigned char out[static PBKDF2_SHA256_SIZE]);
