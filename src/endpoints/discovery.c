/*
 * GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server: the metadata
 * of the provider (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2). Made of settings
 * and keys alone. Members that seem redundant are there because their default is another value.
 */
#include "config/oidc_settings.h"
#include "endpoints/context.h"
#include "oidc/oauth.h"

#define MAXIMUM_AGE 300 /* seconds */

static struct context *
start(const struct config *config, const struct endpoint *endpoint)
{
	return oauth_is_on(config) ? context_open_keys(config, endpoint) : NULL;
}

static void
put_urls(struct buffer *text, const struct config *config)
{
	static const struct {
		const char *name, *path;
	} urls[] = {{"authorization_endpoint", "/oauth/authorize"},
	    {"token_endpoint", "/oauth/token"}, {"userinfo_endpoint", "/oauth/userinfo"},
	    {"jwks_uri", "/.well-known/jwks.json"}, {"end_session_endpoint", "/oauth/logout"},
	    {"revocation_endpoint", "/oauth/revoke"},
	    {"introspection_endpoint", "/oauth/introspect"}};

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		buffer_printf(text, "\"%s\":\"%s\",", urls[i].name,
		    oauth_url(text->arena, config, urls[i].path));
}

/* operators: JWT_OIDC_SCOPES, may be NULL. */
static void
put_scopes(struct buffer *text, const char *const *operators)
{
	const char *const *scope = oidc_settings_scopes;

	buffer_printf(text, "\"scopes_supported\":[\"%s\"", *scope);
	while (*++scope != NULL)
		buffer_printf(text, ",\"%s\"", *scope);
	for (; operators != NULL && *operators != NULL; operators++)
		buffer_printf(text, ",\"%s\"", *operators);
	buffer_puts(text, "],");
}

static bool
is_in_use(const struct ring *ring, const struct algorithm *algorithm)
{
	for (size_t i = 0; i < ring->count; i++)
		if (ring->keys[i].state == KEY_ACTIVE && ring->keys[i].key->algorithm == algorithm)
			return true;
	return false;
}

/* RS256, then the algorithms of the other active keys. A secret (HMAC) signs no ID token. */
static void
put_algorithms(struct buffer *text, const struct ring *ring)
{
	const struct algorithm *rs256 = algorithm_find(bytes_of("RS256"));

	buffer_puts(text, "\"id_token_signing_alg_values_supported\":[\"RS256\"");
	for (const struct algorithm *other = algorithms; other->name != NULL; other++)
		if (other != rs256 && other->family != FAMILY_HMAC && is_in_use(ring, other))
			buffer_printf(text, ",\"%s\"", other->name);
	buffer_puts(text, "],");
}

/* No setting or name in it has a character that JSON would escape (config/oidc_settings.c). */
static struct bytes
write_document(struct request *request, const struct context *context)
{
	struct buffer text = {.arena = request->arena};

	buffer_printf(&text, "{\"issuer\":\"%s\",", context->config->oidc_issuer);
	put_urls(&text, context->config);
	put_scopes(&text, context->config->oidc_scopes);
	put_algorithms(&text, keyring_ring(context->keyring));
	buffer_puts(&text,
	    "\"response_types_supported\":[\"code\"],"
	    "\"response_modes_supported\":[\"query\",\"form_post\"],"
	    "\"grant_types_supported\":[\"authorization_code\",\"refresh_token\"],"
	    "\"subject_types_supported\":[\"public\"],"
	    "\"token_endpoint_auth_methods_supported\":"
	    "[\"client_secret_basic\",\"client_secret_post\",\"none\"],"
	    "\"revocation_endpoint_auth_methods_supported\":"
	    "[\"client_secret_basic\",\"client_secret_post\",\"none\"],"
	    "\"introspection_endpoint_auth_methods_supported\":"
	    "[\"client_secret_basic\",\"client_secret_post\"],"
	    "\"code_challenge_methods_supported\":[\"S256\"],"
	    "\"authorization_response_iss_parameter_supported\":true,"
	    "\"prompt_values_supported\":[\"none\",\"login\",\"consent\",\"select_account\"],"
	    "\"claims_supported\":[\"iss\",\"sub\",\"aud\",\"exp\",\"iat\",\"auth_time\",\"nonce\","
	    "\"acr\",\"amr\",\"at_hash\",\"preferred_username\",\"name\",\"given_name\","
	    "\"family_name\",\"email\",\"email_verified\"],"
	    "\"acr_values_supported\":[\"1\"],\"claims_parameter_supported\":false,"
	    "\"request_parameter_supported\":false,\"request_uri_parameter_supported\":false}");
	return buffer_bytes(&text);
}

static struct reply
answer(struct request *request, struct context *context)
{
	return reply_public(
	    request, write_document(request, context), "application/json", MAXIMUM_AGE);
}

const struct endpoint endpoint = {
    .name = "discovery",
    .allow = "GET, HEAD, OPTIONS",
    .refuse = oauth_refuse,
    .start = start,
    .answer = answer,
};
