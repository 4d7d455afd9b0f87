#include "oidc/introspection.h"

#include "oidc/scopes.h"

#include <string.h>

bool
introspection_allows(const struct client *client, const struct client_token *token)
{
	return strcmp(token->client_id, client->id) == 0 ||
	       json_is(json_member(token->claims, "aud"), client->id);
}

/* A third party is told the name if the user was asked, as at userinfo. */
static bool
may_know_name(const struct client *client, const struct client_token *token)
{
	return client->first_party || token->client_id == NULL ||
	       scopes_have(token->scope, "profile");
}

struct json_object *
introspection_active(struct arena *arena, const struct config *config, const struct client *client,
    const struct client_token *token, const struct account *owner)
{
	static const char *const copied[] = {"exp", "iat", "aud", "iss"};
	struct json_object *body = json_new_object(arena), *claims = token->claims;

	json_put_bool(body, "active", true);
	if (token->client_id != NULL) {
		json_put_text(body, "scope", token->scope);
		json_put_text(body, "client_id", token->client_id);
	} else {
		/* Of no RFC: it tells a service a refresh token from an access token. */
		json_put(body, "token_use", json_member(claims, config->token_type_claim));
	}
	if (owner->name != NULL && may_know_name(client, token))
		json_put_text(body, "username", owner->name);
	json_put_text(body, "token_type", "Bearer");
	json_put_text(body, "sub", owner->user_id);
	for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
		if (json_has(claims, copied[i]))
			json_put(body, copied[i], json_member(claims, copied[i]));
	json_put(body, "jti", json_member(claims, config->jti_claim));
	return body;
}

struct json_object *
introspection_inactive(struct arena *arena)
{
	struct json_object *body = json_new_object(arena);

	json_put_bool(body, "active", false);
	return body;
}
