/*
 * The keys of a program.
 */
#ifndef ENDPOINTS_KEYS_H
#define ENDPOINTS_KEYS_H

#include "http/endpoint.h"
#include "signing/keyring.h"

/*
 * As keyring_load(), private keys only if the endpoint signs; the sandbox lets the process read
 * again what may change.
 */
struct keyring *keys_open(const struct config *, const struct endpoint *);

#endif
