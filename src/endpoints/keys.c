#include "endpoints/keys.h"

#include "process/sandbox.h"

struct keyring *
keys_open(const struct config *config, const struct endpoint *endpoint)
{
	struct keyring *keyring =
	    keyring_load(config, endpoint->signs ? KEYRING_SIGNS : KEYRING_VERIFIES);

	for (size_t i = 0; keyring != NULL && i < KEYRING_WATCHED; i++)
		sandbox_keep(keyring_watched(keyring)[i]);
	return keyring;
}
