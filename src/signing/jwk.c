#include "signing/jwk.h"

#include "signing/b64url.h"
#include "signing/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

/* The bytes of a member; false if it is missing or not base64url. */
static bool
member_bytes(struct arena *arena, struct json_object *jwk, const char *name, struct bytes *out)
{
	struct bytes text = json_string(json_member(jwk, name));

	return text.length > 0 && b64url_decode(arena, text, out);
}

bool
jwk_is_private(struct json_object *jwk)
{
	return json_has(jwk, "d") || json_has(jwk, "k");
}

/* A member as a number of the key to be built. */
static bool
push_number(struct arena *arena, OSSL_PARAM_BLD *builder, const char *parameter,
    struct json_object *jwk, const char *name, BIGNUM **number)
{
	struct bytes bytes;

	if (!member_bytes(arena, jwk, name, &bytes))
		return false;
	*number = BN_bin2bn((const unsigned char *)bytes.data, (int)bytes.length, NULL);
	return *number != NULL && OSSL_PARAM_BLD_push_BN(builder, parameter, *number) == 1;
}

static EVP_PKEY *
build(OSSL_PARAM_BLD *builder, const char *type, bool private)
{
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pair = NULL;

	if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(
		context, &pair, private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		pair = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parameters);
	return pair;
}

/* RFC 7518 section 6.3; of the private members all or d alone. */
static EVP_PKEY *
read_rsa(struct arena *arena, struct json_object *jwk)
{
	static const char *const members[][2] = {{OSSL_PKEY_PARAM_RSA_N, "n"},
	    {OSSL_PKEY_PARAM_RSA_E, "e"}, {OSSL_PKEY_PARAM_RSA_D, "d"},
	    {OSSL_PKEY_PARAM_RSA_FACTOR1, "p"}, {OSSL_PKEY_PARAM_RSA_FACTOR2, "q"},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp"}, {OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq"},
	    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qi"}};
	bool private = json_has(jwk, "d");
	size_t count = !private ? 2 : !json_has(jwk, "p") ? 3 : 8;
	BIGNUM *numbers[8] = {NULL};
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY *pair = NULL;
	bool pushed = builder != NULL && !json_has(jwk, "oth");

	for (size_t i = 0; pushed && i < count; i++)
		pushed =
		    push_number(arena, builder, members[i][0], jwk, members[i][1], &numbers[i]);
	if (pushed)
		pair = build(builder, "RSA", private);
	for (size_t i = 0; i < 8; i++)
		BN_clear_free(numbers[i]);
	OSSL_PARAM_BLD_free(builder);
	return pair;
}

/* RFC 7518 section 6.2: the coordinates have the curve's full length. */
static EVP_PKEY *
read_ec(struct arena *arena, struct json_object *jwk)
{
	const struct algorithm *curve = algorithm_of_curve(json_string(json_member(jwk, "crv")));
	bool private = json_has(jwk, "d");
	unsigned char point[1 + 2 * 66] = {0x04};
	struct bytes x, y, d;
	OSSL_PARAM_BLD *builder;
	BIGNUM *secret = NULL;
	EVP_PKEY *pair = NULL;

	if (curve == NULL || !member_bytes(arena, jwk, "x", &x) ||
	    !member_bytes(arena, jwk, "y", &y) || x.length != curve->length ||
	    y.length != curve->length)
		return NULL;
	if (private && (!member_bytes(arena, jwk, "d", &d) || d.length != curve->length))
		return NULL;
	memcpy(point + 1, x.data, x.length);
	memcpy(point + 1 + x.length, y.data, y.length);
	builder = OSSL_PARAM_BLD_new();
	if (builder != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) ==
		1 &&
	    OSSL_PARAM_BLD_push_octet_string(
		builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * curve->length) == 1 &&
	    (!private || push_number(arena, builder, OSSL_PKEY_PARAM_PRIV_KEY, jwk, "d", &secret)))
		pair = build(builder, "EC", private);
	BN_clear_free(secret);
	OSSL_PARAM_BLD_free(builder);
	return pair;
}

/* RFC 8037 section 2. */
static EVP_PKEY *
read_okp(struct arena *arena, struct json_object *jwk)
{
	struct json_object *crv = json_member(jwk, "crv");
	const char *type = json_is(crv, "Ed25519") ? "ED25519"
			   : json_is(crv, "Ed448") ? "ED448"
						   : NULL;
	unsigned char half[64];
	size_t length = sizeof(half);
	struct bytes x, d;
	EVP_PKEY *pair;

	if (type == NULL || !member_bytes(arena, jwk, "x", &x))
		return NULL;
	if (!json_has(jwk, "d"))
		return EVP_PKEY_new_raw_public_key_ex(
		    NULL, type, NULL, (const unsigned char *)x.data, x.length);
	if (!member_bytes(arena, jwk, "d", &d))
		return NULL;
	pair = EVP_PKEY_new_raw_private_key_ex(
	    NULL, type, NULL, (const unsigned char *)d.data, d.length);
	if (pair != NULL && EVP_PKEY_get_raw_public_key(pair, half, &length) == 1 &&
	    bytes_same(x, (struct bytes){(char *)half, length}))
		return pair;
	EVP_PKEY_free(pair);
	return NULL;
}

/* RFC 7517 sections 4.2 and 4.3. */
static bool
is_for_signatures(struct json_object *jwk)
{
	struct json_object *ops = json_member(jwk, "key_ops");

	if (json_has(jwk, "use") && !json_is(json_member(jwk, "use"), "sig"))
		return false;
	for (size_t i = 0; json_kind(ops) == JSON_ARRAY && i < json_count(ops); i++)
		if (json_is(json_element(ops, i), "sign") ||
		    json_is(json_element(ops, i), "verify"))
			return true;
	return !json_has(jwk, "key_ops");
}

static struct key *
read_secret(struct arena *arena, struct json_object *jwk, const struct algorithm *algorithm,
    const char **why)
{
	struct bytes secret;

	if (!member_bytes(arena, jwk, "k", &secret)) {
		*why = "has no k in base64url";
		return NULL;
	}
	if (algorithm == NULL)
		algorithm = algorithm_find(bytes_of("HS256"));
	return key_of_secret(arena, algorithm, secret, why);
}

static struct key *
read_pair(struct arena *arena, struct json_object *jwk, const struct algorithm *algorithm,
    bool signs, const char **why)
{
	struct json_object *kty = json_member(jwk, "kty");
	bool private = json_has(jwk, "d");
	EVP_PKEY *pair = json_is(kty, "RSA")   ? read_rsa(arena, jwk)
			 : json_is(kty, "EC")  ? read_ec(arena, jwk)
			 : json_is(kty, "OKP") ? read_okp(arena, jwk)
					       : NULL;

	if (pair == NULL) {
		ERR_clear_error();
		*why = "is a JWK of an unknown kind, or its members do not make a key";
		return NULL;
	}
	if (algorithm == NULL)
		algorithm = key_algorithm_of(pair);
	if (algorithm == NULL) {
		EVP_PKEY_free(pair);
		*why = "is of a kind that signs no tokens";
		return NULL;
	}
	return key_of_pair(arena, algorithm, pair, private && signs, why);
}

struct key *
jwk_read(struct arena *arena, struct json_object *jwk, const struct algorithm *algorithm,
    bool signs, const char **why)
{
	struct bytes kid = json_string(json_member(jwk, "kid"));
	const struct algorithm *own = algorithm_find(json_string(json_member(jwk, "alg")));
	struct key *key;

	if (json_has(jwk, "alg") && (own == NULL || (algorithm != NULL && algorithm != own))) {
		*why = "says another alg";
		return NULL;
	}
	if (!is_for_signatures(jwk)) {
		*why = "is not for signatures, as its use or key_ops say";
		return NULL;
	}
	algorithm = algorithm == NULL ? own : algorithm;
	key = json_is(json_member(jwk, "kty"), "oct")
		  ? read_secret(arena, jwk, algorithm, why)
		  : read_pair(arena, jwk, algorithm, signs, why);
	if (key != NULL)
		key->alias =
		    (struct bytes){arena_copy(key->arena, kid.data, kid.length), kid.length};
	return key;
}

/* base64url of a number, of at least that many bytes. */
static const char *
number_text(struct arena *arena, EVP_PKEY *pair, const char *parameter, size_t least)
{
	struct buffer text = {.arena = arena};
	BIGNUM *number = NULL;

	if (EVP_PKEY_get_bn_param(pair, parameter, &number) == 1) {
		size_t size = (size_t)BN_num_bytes(number);
		unsigned char *bytes;

		size = size < least ? least : size;
		bytes = arena_alloc(arena, size);
		if (BN_bn2binpad(number, bytes, (int)size) == (int)size)
			b64url_encode(&text, (struct bytes){(char *)bytes, size});
	}
	BN_free(number);
	return text.data;
}

static const char *
raw_text(struct arena *arena, EVP_PKEY *pair)
{
	struct buffer text = {.arena = arena};
	unsigned char bytes[64];
	size_t length = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(pair, bytes, &length) == 1)
		b64url_encode(&text, (struct bytes){(char *)bytes, length});
	return text.data;
}

/* Puts the member; false if there is no text of it. */
static bool
put_half(struct json_object *jwk, const char *name, const char *text)
{
	if (text != NULL)
		json_put_text(jwk, name, text);
	return text != NULL;
}

/* Puts the members that a thumbprint is of, in its order (RFC 7638 section 3.2). */
static bool
put_required(struct arena *arena, const struct key *key, struct json_object *jwk)
{
	EVP_PKEY *pair = key->pair;
	size_t length = key->algorithm->length;

	switch (key->algorithm->family) {
	case FAMILY_RSA:
	case FAMILY_PSS:
		if (!put_half(jwk, "e", number_text(arena, pair, OSSL_PKEY_PARAM_RSA_E, 1)))
			return false;
		json_put_text(jwk, "kty", "RSA");
		return put_half(jwk, "n", number_text(arena, pair, OSSL_PKEY_PARAM_RSA_N, 1));
	case FAMILY_ECDSA:
		json_put_text(jwk, "crv", key->algorithm->curve);
		json_put_text(jwk, "kty", "EC");
		return put_half(
			   jwk, "x", number_text(arena, pair, OSSL_PKEY_PARAM_EC_PUB_X, length)) &&
		       put_half(
			   jwk, "y", number_text(arena, pair, OSSL_PKEY_PARAM_EC_PUB_Y, length));
	case FAMILY_EDDSA:
		json_put_text(jwk, "crv", EVP_PKEY_is_a(pair, "ED448") ? "Ed448" : "Ed25519");
		json_put_text(jwk, "kty", "OKP");
		return put_half(jwk, "x", raw_text(arena, pair));
	case FAMILY_HMAC:
		break;
	}
	return false;
}

static const char *
thumbprint(struct arena *arena, struct bytes members)
{
	struct buffer text = {.arena = arena};
	unsigned char digest[SHA256_DIGEST_LENGTH];

	crypto_sha256(members, digest);
	b64url_encode(&text, (struct bytes){(char *)digest, sizeof(digest)});
	return text.data;
}

bool
jwk_describe(struct key *key)
{
	struct json_object *jwk = json_new_object(key->arena);
	struct buffer members = {.arena = key->arena}, text = {.arena = key->arena};

	if (!put_required(key->arena, key, jwk))
		return false;
	json_write(&members, jwk, true);
	key->id = thumbprint(key->arena, buffer_bytes(&members));
	json_put_text(jwk, "kid", key->id);
	json_put_text(jwk, "use", "sig");
	json_put_text(jwk, "alg", key->algorithm->name);
	json_write(&text, jwk, true);
	key->jwk = text.data;
	return true;
}

const char *
jwk_thumbprint_secret(struct arena *arena, struct bytes secret)
{
	struct arena *scratch = arena_new();
	struct json_object *jwk = json_new_object(scratch);
	struct buffer encoded = {.arena = scratch}, members = {.arena = scratch};
	const char *id;

	b64url_encode(&encoded, secret);
	json_put_bytes(jwk, "k", buffer_bytes(&encoded));
	json_put_text(jwk, "kty", "oct");
	json_write(&members, jwk, true);
	id = thumbprint(arena, buffer_bytes(&members));
	arena_free(scratch);
	return id;
}
