#include "signing/pem.h"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

static bool
has(struct bytes text, const char *words)
{
	return text.length > 0 && memmem(text.data, text.length, words, strlen(words)) != NULL;
}

bool
pem_is(struct bytes text)
{
	return has(text, "-----BEGIN ");
}

bool
pem_is_private(struct bytes text)
{
	return has(text, "PRIVATE KEY-----");
}

static EVP_PKEY *
read_certificate(BIO *text)
{
	X509 *certificate = PEM_read_bio_X509(text, NULL, NULL, NULL);
	EVP_PKEY *key = certificate == NULL ? NULL : X509_get_pubkey(certificate);

	X509_free(certificate);
	return key;
}

/* A key in any form. An encrypted one fails, because the decoder has no password callback. */
static EVP_PKEY *
read_key(BIO *text, int selection)
{
	EVP_PKEY *key = NULL;
	OSSL_DECODER_CTX *decoder =
	    OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, NULL, selection, NULL, NULL);

	if (decoder == NULL || OSSL_DECODER_from_bio(decoder, text) != 1)
		key = NULL;
	OSSL_DECODER_CTX_free(decoder);
	return key;
}

EVP_PKEY *
pem_read(struct bytes text, const char **why)
{
	BIO *bio;
	EVP_PKEY *key;

	*why = "is encrypted; a service needs a key without a password";
	if (has(text, "ENCRYPTED"))
		return NULL;
	*why = "is PEM, but no key can be read from it";
	bio = BIO_new_mem_buf(text.data, (int)text.length);
	if (bio == NULL)
		return NULL;
	if (pem_is_private(text))
		key = read_key(bio, EVP_PKEY_KEYPAIR);
	else if (has(text, "PUBLIC KEY-----"))
		key = read_key(bio, EVP_PKEY_PUBLIC_KEY);
	else
		key = read_certificate(bio);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static const char *
text_of(struct arena *arena, BIO *bio, bool written)
{
	char *memory;
	long length = BIO_get_mem_data(bio, &memory);
	const char *text = written ? arena_copy(arena, memory, (size_t)length) : NULL;

	if (length > 0)
		explicit_bzero(memory, (size_t)length);
	BIO_free(bio);
	return text;
}

const char *
pem_private(struct arena *arena, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	return bio == NULL
		   ? NULL
		   : text_of(arena, bio,
			 PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
}

const char *
pem_public(struct arena *arena, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio == NULL ? NULL : text_of(arena, bio, PEM_write_bio_PUBKEY(bio, key) == 1);
}
