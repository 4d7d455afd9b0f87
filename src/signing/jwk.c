#include "signing/jwk.h"

#include "base/b64url.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

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

static EVP_PKEY *
build(const char *type, bool private, OSSL_PARAM *parameters)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pair = NULL;

	if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(
		context, &pair, private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		pair = NULL;
	EVP_PKEY_CTX_free(context);
	return pair;
}

/* A number; OpenSSL takes it in the processor's byte order. */
static bool
read_number(struct arena *arena, struct bytes bytes, const char *parameter, OSSL_PARAM *out)
{
	unsigned char *native = arena_alloc(arena, bytes.length);
	BIGNUM *number = BN_bin2bn((const unsigned char *)bytes.data, (int)bytes.length, NULL);
	bool done = number != NULL && BN_bn2nativepad(number, native, (int)bytes.length) > 0;

	BN_clear_free(number);
	*out = OSSL_PARAM_construct_BN(parameter, native, bytes.length);
	return done;
}

static OSSL_PARAM
octets(struct bytes bytes, const char *parameter)
{
	return OSSL_PARAM_construct_octet_string(
	    parameter, (void *)(uintptr_t)bytes.data, bytes.length);
}

/* RFC 7518 section 6.3; a private key has d alone, or all private members. */
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
	OSSL_PARAM parameters[9];
	struct bytes bytes;

	for (size_t i = 0; i < count; i++)
		if (!member_bytes(arena, jwk, members[i][1], &bytes) ||
		    !read_number(arena, bytes, members[i][0], &parameters[i]))
			return NULL;
	parameters[count] = OSSL_PARAM_construct_end();
	return json_has(jwk, "oth") ? NULL : build("RSA", private, parameters);
}

/* RFC 7518 section 6.2: coordinates are as long as the curve's field. */
static EVP_PKEY *
read_ec(struct arena *arena, struct json_object *jwk)
{
	static const char *const members[] = {"x", "y", "d"};
	const struct algorithm *curve = algorithm_of_curve(json_string(json_member(jwk, "crv")));
	bool private = json_has(jwk, "d");
	struct buffer point = {.arena = arena};
	struct bytes values[3];
	OSSL_PARAM parameters[4];

	if (curve == NULL)
		return NULL;
	for (size_t i = 0; i < (private ? 3 : 2); i++)
		if (!member_bytes(arena, jwk, members[i], &values[i]) ||
		    values[i].length != curve->length)
			return NULL;
	buffer_putc(&point, POINT_CONVERSION_UNCOMPRESSED);
	buffer_put(&point, values[0].data, values[0].length);
	buffer_put(&point, values[1].data, values[1].length);
	parameters[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)curve->group, 0);
	parameters[1] = octets(buffer_bytes(&point), OSSL_PKEY_PARAM_PUB_KEY);
	parameters[2] = parameters[3] = OSSL_PARAM_construct_end();
	if (private && !read_number(arena, values[2], OSSL_PKEY_PARAM_PRIV_KEY, &parameters[2]))
		return NULL;
	return build("EC", private, parameters);
}

/* RFC 8037 section 2. */
static EVP_PKEY *
read_okp(struct arena *arena, struct json_object *jwk)
{
	struct json_object *crv = json_member(jwk, "crv");
	bool private = json_has(jwk, "d");
	OSSL_PARAM parameters[3];
	struct bytes x, d = {NULL, 0};

	if ((!json_is(crv, "Ed25519") && !json_is(crv, "Ed448")) ||
	    !member_bytes(arena, jwk, "x", &x) || (private && !member_bytes(arena, jwk, "d", &d)))
		return NULL;
	parameters[0] = octets(x, OSSL_PKEY_PARAM_PUB_KEY);
	parameters[1] = parameters[2] = OSSL_PARAM_construct_end();
	if (private)
		parameters[1] = octets(d, OSSL_PKEY_PARAM_PRIV_KEY);
	return build(json_is(crv, "Ed448") ? "ED448" : "ED25519", private, parameters);
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
