/*
 * Keys in PEM: private (PKCS#8 and older forms), public, or in a certificate.
 */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>

bool pem_is(struct bytes text);
bool pem_is_private(struct bytes text);

/* The first key of the text; the caller frees it. NULL with *why, a clause. */
EVP_PKEY *pem_read(struct bytes text, const char **why);

/* The PEM of a key, in the arena; NULL only if OpenSSL fails. */
const char *pem_private(struct arena *, EVP_PKEY *);
const char *pem_public(struct arena *, EVP_PKEY *);
