/*
 * Any bytes as the payload of a token with a good signature: judged, checked and, where they are
 * claims, made into the claims of another token.
 */
#include "fuzz.h"

#include "signing/claims.h"
#include "signing/jws.h"

#include <string.h>

static struct keyring *
make_ring(void)
{
	struct key_load_options options = {
	    .algorithm = algorithm_find(bytes_of("HS256")), .signs = true};
	struct arena *arena = arena_new();
	struct keys keys;
	const char *why;

	require(keyfile_parse(
	    arena, bytes_of("the secret of the corpus, 32 byte"), &options, &keys, NULL, &why));
	arena_free(arena);
	return keyring_of(ring_of(&keys));
}

static void
use(const struct claims_context *context, struct json_object *claims)
{
	const char *jti = claims_jti(context, claims), *user;
	int64_t seconds;

	for (enum token_kind kind = TOKEN_ACCESS; kind <= TOKEN_UNTYPED; kind++)
		claims_check(context, claims, kind);
	require(jti == NULL || strlen(jti) < 1 << 20);
	require(claims_user(context, claims, &user) != CLAIMS_USER || user != NULL);
	if (claims_time(claims, "exp", &seconds))
		require(seconds > context->now - context->config->leeway);
	require(claims_sign(context, claims_access(context, claims)) != NULL);
	require(claims_renew(context, claims, TOKEN_REFRESH, true));
	require(claims_sign(context, claims) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keyring *keyring;
	static const struct config configs[] = {{.token_type_claim = "token_type",
						    .jti_claim = "jti",
						    .user_id_claim = "user_id",
						    .access_token_lifetime = 300,
						    .refresh_token_lifetime = 86400,
						    .compat = COMPAT_HEAD},
	    {.token_type_claim = "typ",
		.user_id_claim = "sub",
		.audience = "a",
		.issuer = "i",
		.leeway = 30,
		.compat = COMPAT_5_2}};
	struct arena *arena = fuzz_arena();

	keyring = keyring == NULL ? make_ring() : keyring;
	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		struct claims_context context = {
		    .arena = arena, .config = &configs[i], .keyring = keyring, .now = 1700000000};
		const char *token =
		    jws_sign(arena, keyring, 0, (struct bytes){(const char *)data, size});
		struct json_object *claims;

		require(token != NULL);
		if (claims_read(&context, bytes_of(token), &claims) == CLAIMS_GOOD)
			use(&context, claims);
	}
	return 0;
}
