/*
 * A connection to a server, plain or with TLS: verified against the authorities of this machine, or
 * those of SSL_CERT_FILE and SSL_CERT_DIR.
 */
#ifndef CTL_CHANNEL_H
#define CTL_CHANNEL_H

#include "base/bytes.h"

#include <openssl/bio.h>

/* Why there is none, and what mends it. */
struct trouble {
	const char *why, *mend;
};

/* The caller's, to be ended with BIO_free_all(); NULL if there is none. Waits a few seconds. */
BIO *channel_open(const char *host, const char *port, bool with_tls, struct trouble *);

#endif
