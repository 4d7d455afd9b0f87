/*
 * The context of a program that needs its keys and no database: apart, so that such a program is
 * not linked with libpq.
 */
#include "endpoints/context.h"

#include "process/sandbox.h"

struct context *
context_open_keys(const struct config *config, const struct endpoint *endpoint)
{
	struct context *context = arena_alloc(arena_of_process(), sizeof(*context));

	context->config = config;
	context->keyring = keyring_load(config, endpoint->signs ? KEYRING_SIGNS : KEYRING_VERIFIES);
	for (size_t i = 0; context->keyring != NULL && i < KEYRING_WATCHED; i++)
		sandbox_keep(keyring_watched(context->keyring)[i]);
	return context->keyring == NULL ? NULL : context;
}
