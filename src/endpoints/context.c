#include "endpoints/context.h"

#include "oidc/oauth.h"
#include "oidc/text.h"

static struct context *
open_throttle(struct context *context)
{
	if (context == NULL || !context->config->throttle)
		return context;
	context->throttle = throttle_open(context->config);
	return context->throttle == NULL ? NULL : context;
}

struct context *
context_open(const struct config *config, const struct endpoint *endpoint)
{
	struct context *context = context_open_keys(config, endpoint);
	struct accounts *accounts = accounts_open(config, endpoint->name, endpoint->needs_names);

	/* --check-config names the faults of the database beside those of the keys. */
	if (context == NULL && accounts != NULL && config->check_only)
		context_check(&(struct context){.accounts = accounts}, true);
	if (context == NULL || accounts == NULL)
		return NULL;
	context->accounts = accounts;
	if (config->sessions)
		context->sessions = sessions_open(config, accounts->database);
	return endpoint->slow ? open_throttle(context) : context;
}

struct context *
context_open_oidc(const struct config *config, const struct endpoint *endpoint)
{
	return oauth_is_on(config) ? context_open(config, endpoint) : NULL;
}

struct context *
context_open_clients(const struct config *config, const struct endpoint *endpoint)
{
	return open_throttle(context_open_oidc(config, endpoint));
}

struct context *
context_open_pages(const struct config *config, const struct endpoint *endpoint)
{
	return text_open(config) ? context_open_oidc(config, endpoint) : NULL;
}

enum verdict
context_check(struct context *context, bool rights)
{
	struct arena *arena = arena_new();
	enum verdict verdict = accounts_check(context->accounts, arena, rights);

	arena_free(arena);
	return verdict;
}

struct claims_context
context_claims(const struct request *request, const struct context *context)
{
	return (struct claims_context){.arena = request->arena,
	    .config = context->config,
	    .keyring = context->keyring,
	    .now = request->now};
}
