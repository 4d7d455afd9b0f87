/*
 * IP addresses and networks, read from text. An IPv4 address is kept as the IPv6 address that
 * stands for it, ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that both spellings are one address.
 */
#pragma once

#include <stdbool.h>

struct address {
	unsigned char bytes[16]; /* in network order */
};

struct network {
	struct address address;
	int bits; /* of the 128 that have to agree */
};

/* Dotted IPv4 or IPv6, nothing around it; false for anything else, a port or a zone included. */
bool address_parse(const char *text, struct address *out);

bool address_is_ipv4(const struct address *);

/* An address with or without "/length". Length 0, which would be every address, is refused. */
bool address_parse_network(const char *text, struct network *out);

bool address_is_in(const struct address *, const struct network *);
