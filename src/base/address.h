/*
 * Parses IP addresses and networks. An IPv4 address is stored as its IPv4-mapped IPv6 address,
 * ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that both spellings compare equal.
 */
#pragma once

#include <stdbool.h>

struct address {
	unsigned char bytes[16]; /* in network byte order */
};

struct network {
	struct address address;
	int bits; /* length of the prefix, 1 to 128 */
};

/* Parses a dotted IPv4 or an IPv6 address; false for anything else, also with a port or a zone. */
bool address_parse(const char *text, struct address *out);

bool address_is_ipv4(const struct address *);

/* Parses an address with or without "/length"; false for length 0, which is every address. */
bool address_parse_network(const char *text, struct network *out);

bool address_is_in(const struct address *, const struct network *);
