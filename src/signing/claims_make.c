#include "signing/claims.h"

#include "signing/jws.h"
#include "signing/random.h"

static const struct {
	const char *type, *class;
} kinds[] = {
    [TOKEN_ACCESS] = {"access", "AccessToken"},
    [TOKEN_REFRESH] = {"refresh", "RefreshToken"},
    [TOKEN_SLIDING] = {"sliding", "SlidingToken"},
    [TOKEN_UNTYPED] = {"untyped", "UntypedToken"},
};

const char *
token_type(enum token_kind kind)
{
	return kinds[kind].type;
}

const char *
token_class(enum token_kind kind)
{
	return kinds[kind].class;
}

static int64_t
lifetime(const struct config *config, enum token_kind kind)
{
	if (kind == TOKEN_REFRESH)
		return config->refresh_token_lifetime;
	return kind == TOKEN_SLIDING ? config->sliding_token_lifetime
				     : config->access_token_lifetime;
}

struct json *
claims_string(struct arena *arena, struct bytes text)
{
	struct json *json = arena_alloc(arena, sizeof(*json));

	json->type = JSON_STRING;
	json->text = text;
	return json;
}

struct json *
claims_integer(struct arena *arena, const char *digits)
{
	struct json *json = claims_string(arena, bytes_of(digits));

	json->type = JSON_INT;
	return json;
}

void
claims_set(struct json *claims, struct bytes name, struct json *value)
{
	struct json **at = &claims->first;

	while (*at != NULL && !bytes_same((*at)->name, name))
		at = &(*at)->next;
	value->name = name;
	value->next = *at == NULL ? NULL : (*at)->next;
	*at = value;
}

/* As printf(3) would write it; here it stands in the way of every token. */
static struct bytes
number_text(struct arena *arena, int64_t number)
{
	const size_t size = 20;
	char *text = arena_alloc(arena, size), *at = text + size;
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (number < 0)
		*--at = '-';
	return (struct bytes){at, (size_t)(text + size - at)};
}

static void
set_time(
    const struct claims_context *context, struct json *claims, const char *name, int64_t seconds)
{
	struct json *value = claims_string(context->arena, number_text(context->arena, seconds));

	value->type = JSON_INT;
	claims_set(claims, bytes_of(name), value);
}

/* As uuid4().hex looks, but all of its 128 bits random. */
static bool
set_jti(const struct claims_context *context, struct json *claims)
{
	unsigned char random[JTI_BYTES];
	char *hex = arena_alloc(context->arena, 2 * sizeof(random));

	if (context->config->jti_claim == NULL)
		return true;
	if (!random_take(random))
		return false;
	for (size_t i = 0; i < sizeof(random); i++) {
		hex[2 * i] = "0123456789abcdef"[random[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
	}
	claims_set(claims, bytes_of(context->config->jti_claim),
	    claims_string(context->arena, (struct bytes){hex, 2 * sizeof(random)}));
	return true;
}

struct json *
claims_new(const struct claims_context *context, enum token_kind kind)
{
	const struct config *config = context->config;
	struct json *claims = arena_alloc(context->arena, sizeof(*claims));

	claims->type = JSON_OBJECT;
	claims_set(claims, bytes_of(config->token_type_claim),
	    claims_string(context->arena, bytes_of(token_type(kind))));
	set_time(context, claims, "exp", context->now + lifetime(config, kind));
	set_time(context, claims, "iat", context->now);
	if (!set_jti(context, claims))
		return NULL;
	if (kind == TOKEN_SLIDING)
		set_time(context, claims, config->sliding_token_refresh_exp_claim,
		    context->now + config->sliding_token_refresh_lifetime);
	return claims;
}

/* Whether an access token keeps its own claim of that name (SimpleJWT: no_copy_claims). */
static bool
is_own(const struct config *config, struct bytes name)
{
	return bytes_equal(name, config->token_type_claim) || bytes_equal(name, "exp") ||
	       bytes_equal(name, "jti") ||
	       (config->jti_claim != NULL && bytes_equal(name, config->jti_claim)) ||
	       (bytes_equal(name, "iat") && config->compat != COMPAT_5_2);
}

struct json *
claims_copy(const struct claims_context *context, const struct json *claims)
{
	struct json *copy = arena_alloc(context->arena, sizeof(*copy));
	struct json **end = &copy->first;

	copy->type = JSON_OBJECT;
	for (const struct json *claim = claims->first; claim != NULL; claim = claim->next) {
		*end = arena_alloc(context->arena, sizeof(**end));
		**end = *claim;
		end = &(*end)->next;
	}
	*end = NULL;
	return copy;
}

struct json *
claims_access(const struct claims_context *context, const struct json *refresh)
{
	struct json *access = claims_new(context, TOKEN_ACCESS);

	if (access == NULL)
		return NULL;
	for (const struct json *claim = refresh->first; claim != NULL; claim = claim->next) {
		struct json *copy;

		if (is_own(context->config, claim->name))
			continue;
		copy = arena_alloc(context->arena, sizeof(*copy));
		*copy = *claim;
		claims_set(access, claim->name, copy);
	}
	return access;
}

bool
claims_renew(
    const struct claims_context *context, struct json *claims, enum token_kind kind, bool new_jti)
{
	if (new_jti && !set_jti(context, claims))
		return false;
	set_time(context, claims, "exp", context->now + lifetime(context->config, kind));
	set_time(context, claims, "iat", context->now);
	return true;
}

const char *
claims_sign(const struct claims_context *context, struct json *claims)
{
	const struct config *config = context->config;
	struct buffer text = {.arena = context->arena};

	if (claims == NULL)
		return NULL;
	if (config->audience != NULL)
		claims_set(claims, bytes_of("aud"),
		    claims_string(context->arena, bytes_of(config->audience)));
	if (config->issuer != NULL)
		claims_set(claims, bytes_of("iss"),
		    claims_string(context->arena, bytes_of(config->issuer)));
	json_write(&text, claims, true);
	return jws_sign(context->arena, context->keyring, context->now, buffer_bytes(&text));
}
