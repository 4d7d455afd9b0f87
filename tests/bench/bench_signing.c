/*
 * What signing and verifying a token cost, as ratios to the bare operation of OpenSSL on the same
 * bytes, and to libjwt where that is installed. Each figure is the best of several rounds in which
 * all candidates take turns, so that a busy machine slows all of them alike.
 *
 * "token" is the whole of it: claims to text to token, and token to claims that were judged.
 */
#include "signing/claims.h"
#include "signing/jws.h"
#include "signing/keyfile.h"
#include "signing/pem.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_LIBJWT
#include <jwt.h>
#endif

#define ROUNDS 200

struct subject {
	const char *algorithm;
	struct arena *arena; /* of one operation */
	struct config config;
	struct claims_context context;
	const char *token;
	struct bytes input; /* what is signed */
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length;
	EVP_PKEY *pair;
	EVP_MAC_CTX *mac;
	const char *private, *public; /* texts, for libjwt */
};

typedef void (*operation)(struct subject *);

static void
require(bool good)
{
	if (!good)
		abort();
}

/* As small as the one of a login: 250 bytes with HS256. */
static void
make_token(struct subject *subject)
{
	struct claims_context *context = &subject->context;
	struct json_object *claims = claims_new(context, TOKEN_ACCESS);

	json_put_text(claims, "user_id", "12345");
	subject->token = claims_sign(context, claims);
	require(subject->token != NULL);
}

static void
sign_token(struct subject *subject)
{
	make_token(subject);
	arena_reset(subject->arena);
}

static void
verify_token(struct subject *subject)
{
	struct json_object *claims;

	require(claims_read(&subject->context, bytes_of(subject->token), &claims) == CLAIMS_GOOD);
	require(claims_check(&subject->context, claims, TOKEN_ACCESS) == CLAIMS_GOOD);
	arena_reset(subject->arena);
}

static void
bare_mac(struct subject *subject)
{
	unsigned char tag[64];
	size_t length;

	require(EVP_MAC_init(subject->mac, NULL, 0, NULL) == 1 &&
		EVP_MAC_update(subject->mac, (const unsigned char *)subject->input.data,
		    subject->input.length) == 1 &&
		EVP_MAC_final(subject->mac, tag, &length, sizeof(tag)) == 1);
}

static const EVP_MD *
digest_of(const struct subject *subject)
{
	const struct algorithm *algorithm = algorithm_find(bytes_of(subject->algorithm));

	return algorithm->digest == NULL ? NULL : EVP_get_digestbyname(algorithm->digest);
}

/* Whoever uses OpenSSL as its manual shows does this for each signature. */
static void
bare_sign(struct subject *subject)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAXIMUM];
	size_t length = sizeof(signature);
	EVP_PKEY_CTX *key;

	require(EVP_DigestSignInit(context, &key, digest_of(subject), NULL, subject->pair) == 1);
	if (subject->algorithm[0] == 'P')
		EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING);
	require(EVP_DigestSign(context, signature, &length,
		    (const unsigned char *)subject->input.data, subject->input.length) == 1);
	EVP_MD_CTX_free(context);
}

static void
bare_verify(struct subject *subject)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key;

	require(EVP_DigestVerifyInit(context, &key, digest_of(subject), NULL, subject->pair) == 1);
	if (subject->algorithm[0] == 'P')
		EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING);
	require(EVP_DigestVerify(context, subject->signature, subject->length,
		    (const unsigned char *)subject->input.data, subject->input.length) == 1);
	EVP_MD_CTX_free(context);
}

#ifdef HAVE_LIBJWT
static void
libjwt_sign(struct subject *subject)
{
	jwt_t *jwt;
	char *token;

	require(jwt_new(&jwt) == 0);
	jwt_add_grant(jwt, "token_type", "access");
	jwt_add_grant_int(jwt, "exp", subject->context.now + 300);
	jwt_add_grant_int(jwt, "iat", subject->context.now);
	jwt_add_grant(jwt, "jti", "0123456789abcdef0123456789abcdef");
	jwt_add_grant(jwt, "user_id", "12345");
	require(jwt_set_alg(jwt, jwt_str_alg(subject->algorithm),
		    (const unsigned char *)subject->private, (int)strlen(subject->private)) == 0);
	token = jwt_encode_str(jwt);
	require(token != NULL);
	free(token);
	jwt_free(jwt);
}

static void
libjwt_verify(struct subject *subject)
{
	jwt_t *jwt;

	require(jwt_decode(&jwt, subject->token, (const unsigned char *)subject->public,
		    (int)strlen(subject->public)) == 0);
	require(jwt_get_grant_int(jwt, "exp") > subject->context.now);
	jwt_free(jwt);
}
#endif

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
time_of(operation run, struct subject *subject, int count)
{
	double begun = seconds();

	for (int i = 0; i < count; i++)
		run(subject);
	return (seconds() - begun) / count;
}

/* The best time of each operation, in seconds; a NULL ends the list. */
static void
race(struct subject *subject, const operation *operations, double *best)
{
	int counts[4] = {0};

	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; operations[i] != NULL; i++) {
			double took;

			if (round == 0) {
				took = time_of(operations[i], subject, 3);
				counts[i] = 1 + (int)(0.0005 / took);
				best[i] = 1;
				continue;
			}
			took = time_of(operations[i], subject, counts[i]);
			best[i] = took < best[i] ? took : best[i];
		}
}

static void
tell(struct subject *subject, const char *what, operation ours, operation bare, operation libjwt)
{
	const operation operations[] = {ours, bare, libjwt, NULL};
	double best[3] = {0};

	race(subject, operations, best);
	printf("%-7s %-7s %10.2f %10.2f %8.2f", subject->algorithm, what, best[0] * 1e6,
	    best[1] * 1e6, best[0] / best[1]);
	if (libjwt != NULL)
		printf(" %10.2f %8.2f", best[2] * 1e6, best[0] / best[2]);
	putchar('\n');
}

static void
prepare(struct subject *subject, const char *text)
{
	const struct algorithm *algorithm = algorithm_find(bytes_of(subject->algorithm));
	struct key_load_options options = {.algorithm = algorithm, .signs = true};
	struct arena *kept = arena_new();
	struct keys keys;
	const char *why, *dot;

	subject->private = subject->public = text;
	require(keyfile_parse(kept, bytes_of(text), &options, &keys, NULL, &why));
	subject->pair = keys.keys[0]->pair;
	if (subject->pair == NULL) {
		char name[] = "SHA256";
		OSSL_PARAM parameters[] = {
		    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		    OSSL_PARAM_END};

		subject->mac = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
		require(EVP_MAC_init(subject->mac, (const unsigned char *)text, strlen(text),
			    parameters) == 1);
	} else {
		subject->public = pem_public(kept, subject->pair);
	}
	subject->config = (struct config){.token_type_claim = "token_type",
	    .jti_claim = "jti",
	    .user_id_claim = "user_id",
	    .access_token_lifetime = 300,
	    .compat = COMPAT_HEAD};
	subject->context = (struct claims_context){.arena = kept,
	    .config = &subject->config,
	    .keyring = keyring_of(ring_of(&keys)),
	    .now = (int64_t)time(NULL)};
	make_token(subject);
	dot = strrchr(subject->token, '.');
	subject->input = (struct bytes){subject->token, (size_t)(dot - subject->token)};
	if (subject->pair != NULL)
		require(key_sign(
		    ring_signer(keyring_ring(subject->context.keyring), subject->context.now),
		    subject->input, subject->signature, &subject->length));
	/* The bare operation takes the signature in OpenSSL's form. */
	if (algorithm->family == FAMILY_ECDSA) {
		unsigned char der[200];
		EVP_MD_CTX *context = EVP_MD_CTX_new();

		subject->length = sizeof(der);
		require(
		    EVP_DigestSignInit(context, NULL, digest_of(subject), NULL, subject->pair) ==
			1 &&
		    EVP_DigestSign(context, der, &subject->length,
			(const unsigned char *)subject->input.data, subject->input.length) == 1);
		memcpy(subject->signature, der, subject->length);
		EVP_MD_CTX_free(context);
	}
	subject->token = arena_copy(kept, subject->token, strlen(subject->token));
	subject->arena = arena_new();
	subject->context.arena = subject->arena;
}

static void
tell_all(const char *algorithm, const char *text)
{
	struct subject subject = {.algorithm = algorithm};
	operation sign = NULL, verify = NULL;
	const char *token;

	prepare(&subject, text);
	token = subject.token;
#ifdef HAVE_LIBJWT
	sign = jwt_str_alg(algorithm) == JWT_ALG_INVAL || algorithm[0] == 'P' ? NULL : libjwt_sign;
	verify = sign == NULL ? NULL : libjwt_verify;
#endif
	tell(&subject, "sign", sign_token, subject.mac != NULL ? bare_mac : bare_sign, sign);
	subject.token = token;
	tell(
	    &subject, "verify", verify_token, subject.mac != NULL ? bare_mac : bare_verify, verify);
}

int
main(int argc, char **argv)
{
	static const char *const measured[] = {
	    "HS256", "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", NULL};
	struct arena *arena = arena_new();

	printf("%-7s %-7s %10s %10s %8s", "alg", "", "token us", "bare us", "ratio");
#ifdef HAVE_LIBJWT
	printf(" %10s %8s", "libjwt us", "ratio");
#endif
	putchar('\n');
	for (const char *const *name = measured; *name != NULL; name++) {
		const struct algorithm *algorithm = algorithm_find(bytes_of(*name));

		if (argc < 2 || strcmp(argv[1], *name) == 0)
			tell_all(*name, keyfile_generate(arena, algorithm, 2048, "Ed25519"));
	}
	arena_free(arena);
	return EXIT_SUCCESS;
}
