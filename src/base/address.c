#include "base/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_BITS 96 /* prefix of an IPv4-mapped IPv6 address */

static const unsigned char mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

bool
address_parse(const char *text, struct address *out)
{
	if (inet_pton(AF_INET6, text, out->bytes) == 1)
		return true;
	memcpy(out->bytes, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, out->bytes + sizeof(mapped)) == 1;
}

bool
address_is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

bool
address_parse_network(const char *text, struct network *out)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	const char *digits = text[length] == '/' ? text + length + 1 : NULL;
	int family_bits;

	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!address_parse(address, &out->address))
		return false;
	family_bits = strchr(address, ':') == NULL ? 32 : 128;
	out->bits = 128;
	if (digits == NULL)
		return true;
	length = strlen(digits);
	if (length < 1 || length > 3 || strspn(digits, "0123456789") != length)
		return false;
	out->bits = atoi(digits);
	if (out->bits < 1 || out->bits > family_bits)
		return false;
	out->bits += 128 - family_bits;
	return true;
}

bool
address_is_in(const struct address *address, const struct network *network)
{
	const unsigned char *a = address->bytes, *b = network->address.bytes;
	size_t whole = (size_t)network->bits / 8;
	int rest = network->bits % 8;

	return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}
