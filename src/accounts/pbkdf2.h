/*
 * PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2) with one block of output, as fast as the compression
 * function allows, while it yields to other processes.
 */
#pragma once

#include "base/bytes.h"

enum { PBKDF2_SHA256_SIZE = 32 };

/* iterations: from 1 to INT_MAX. false only if OpenSSL fails; then `out` is undefined. */
bool pbkdf2_sha256(struct bytes password, struct bytes salt, long iterations,
    unsigned char out[static PBKDF2_SHA256_SIZE]);
