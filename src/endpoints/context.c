#include "endpoints/context.h"

#include "process/sandbox.h"

struct context *
context_open(const struct config *config, const struct endpoint *endpoint)
{
	enum keyring_duty duty = endpoint->signs ? KEYRING_SIGNS : KEYRING_VERIFIES;
	struct context *context = arena_alloc(arena_of_process(), sizeof(*context));

	context->config = config;
	context->keyring = keyring_load(config, duty);
	for (size_t i = 0; context->keyring != NULL && i < KEYRING_WATCHED; i++)
		sandbox_keep(keyring_watched(context->keyring)[i]);
	context->accounts = context->keyring == NULL
				? NULL
				: accounts_open(config, endpoint->name, endpoint->decide != NULL);
	return context->accounts == NULL ? NULL : context;
}

bool
context_check(struct context *context)
{
	struct arena *arena = arena_new();
	bool good = accounts_check(context->accounts, arena) != VERDICT_NO;

	arena_free(arena);
	return good;
}

struct claims_context
context_claims(const struct request *request, const struct context *context)
{
	return (struct claims_context){
	    request->arena, context->config, context->keyring, request->now};
}
