#include "http/forwarded.h"

#include "base/address.h"
#include "base/bytes.h"

#include <arpa/inet.h>
#include <stdlib.h>

static bool
is_trusted(const char *const *trusted, const char *peer)
{
	struct address address;
	struct network network;

	if (!address_parse(peer, &address))
		return false;
	for (; *trusted != NULL; trusted++)
		if (address_parse_network(*trusted, &network) && address_is_in(&address, &network))
			return true;
	return false;
}

/* Removes the last entry of the list and returns it; NULL if it is not an address. */
static const char *
take_last(struct arena *arena, struct bytes *list)
{
	const char *comma = memrchr(list->data, ',', list->length);
	size_t start = comma == NULL ? 0 : (size_t)(comma - list->data) + 1;
	struct bytes entry = bytes_strip((struct bytes){list->data + start, list->length - start});
	struct address address;
	const char *text;

	*list = comma == NULL ? (struct bytes){NULL, 0} : (struct bytes){list->data, start - 1};
	if (entry.length >= INET6_ADDRSTRLEN)
		return NULL;
	text = arena_copy(arena, entry.data, entry.length);
	return address_parse(text, &address) ? text : NULL;
}

const char *
forwarded_address(
    struct arena *arena, const char *const *trusted, const char *peer, const char *header)
{
	struct bytes list = bytes_of(header);
	const char *client = peer;
	long proxies;

	if (peer == NULL || header == NULL)
		return peer;
	proxies = strspn(trusted[0], "0123456789") == strlen(trusted[0]) ? atol(trusted[0]) : 0;
	for (long i = 0; proxies > 0 ? i < proxies : is_trusted(trusted, client); i++) {
		if (list.data == NULL) /* all entries are proxies, or some are missing */
			return proxies > 0 ? peer : client;
		client = take_last(arena, &list);
		if (client == NULL)
			return peer;
	}
	return client;
}
