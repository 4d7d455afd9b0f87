/*
 * The client's address where trusted proxies stand before the web server (JWT_TRUSTED_PROXIES):
 * found in X-Forwarded-For, to which each proxy appends the address of its client.
 */
#pragma once

#include "base/arena.h"

/*
 * trusted: the words of JWT_TRUSTED_PROXIES, networks or one number of proxies. peer: REMOTE_ADDR,
 * header: X-Forwarded-For; each may be NULL. The list is read from its right, past trusted
 * addresses (or past that many entries less one); what an address that is not trusted says is never
 * read. Returns peer, or an entry of the list that is an IP address, in the arena. A malformed
 * entry, or fewer entries than proxies: peer.
 */
const char *forwarded_address(
    struct arena *, const char *const *trusted, const char *peer, const char *header);
