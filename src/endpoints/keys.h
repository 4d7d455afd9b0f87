/*
 * The keys of a program.
 */
#pragma once

#include "http/endpoint.h"
#include "signing/keyring.h"

/*
 * As keyring_load(), private keys only if the endpoint signs; the sandbox lets the process read
 * again what may change.
 */
struct keyring *keys_open(const struct config *, const struct endpoint *);
