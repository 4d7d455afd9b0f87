/* Deprecated since OpenSSL 3.0 in favour of EVP; see the header for why not. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "signing/sha2.h"

static bool
is_narrow(const struct sha2 *hash)
{
	return hash->length == SHA256_DIGEST_LENGTH;
}

void
sha2_begin(struct sha2 *hash, size_t length)
{
	hash->length = length;
	if (is_narrow(hash))
		SHA256_Init(&hash->state.narrow);
	else if (length == SHA384_DIGEST_LENGTH)
		SHA384_Init(&hash->state.wide);
	else
		SHA512_Init(&hash->state.wide);
}

size_t
sha2_block(const struct sha2 *hash)
{
	return is_narrow(hash) ? SHA256_CBLOCK : SHA512_CBLOCK;
}

void
sha2_add(struct sha2 *hash, struct bytes input)
{
	if (is_narrow(hash))
		SHA256_Update(&hash->state.narrow, input.data, input.length);
	else
		SHA512_Update(&hash->state.wide, input.data, input.length);
}

/* SHA-384 is SHA-512 from another beginning, and shorter: its state knows how long. */
void
sha2_end(struct sha2 *hash, unsigned char *out)
{
	if (is_narrow(hash))
		SHA256_Final(out, &hash->state.narrow);
	else
		SHA512_Final(out, &hash->state.wide);
}
