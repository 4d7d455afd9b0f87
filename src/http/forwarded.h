/*
 * Finds the client's address behind trusted proxies (JWT_TRUSTED_PROXIES) in X-Forwarded-For, to
 * which each proxy appends the address of its own client.
 */
#pragma once

#include "base/arena.h"

/*
 * trusted: the words of JWT_TRUSTED_PROXIES, networks or one number of proxies. peer: REMOTE_ADDR.
 * header: X-Forwarded-For. Either may be NULL. Reads the list from the right, skipping trusted
 * addresses or that many proxies; entries left of an untrusted address are never read. Returns
 * peer, or an IP address from the list, in the arena. Returns peer if an entry is malformed or
 * there are fewer entries than proxies.
 */
const char *forwarded_address(
    struct arena *, const char *const *trusted, const char *peer, const char *header);
