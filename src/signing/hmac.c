#include "signing/hmac.h"

#define BLOCK_MAXIMUM SHA512_CBLOCK

static void
begin_half(struct sha2 *half, size_t length, const unsigned char *secret, unsigned char pad)
{
	unsigned char block[BLOCK_MAXIMUM];

	sha2_begin(half, length);
	for (size_t i = 0; i < sha2_block(half); i++)
		block[i] = secret[i] ^ pad;
	sha2_add(half, (struct bytes){(char *)block, sha2_block(half)});
	explicit_bzero(block, sizeof(block));
}

void
hmac_begin(struct hmac *hmac, size_t length, struct bytes secret)
{
	unsigned char block[BLOCK_MAXIMUM] = {0};

	sha2_begin(&hmac->inner, length);
	if (secret.length <= sha2_block(&hmac->inner)) {
		memcpy(block, secret.data, secret.length);
	} else {
		sha2_add(&hmac->inner, secret);
		sha2_end(&hmac->inner, block);
	}
	begin_half(&hmac->inner, length, block, 0x36);
	begin_half(&hmac->outer, length, block, 0x5c);
	explicit_bzero(block, sizeof(block));
}

static void
end_half(const struct sha2 *half, struct bytes input, unsigned char *hash)
{
	struct sha2 going = *half;

	sha2_add(&going, input);
	sha2_end(&going, hash);
	explicit_bzero(&going, sizeof(going));
}

size_t
hmac_make(const struct hmac *hmac, struct bytes input, unsigned char tag[static HMAC_MAXIMUM])
{
	end_half(&hmac->inner, input, tag);
	end_half(&hmac->outer, (struct bytes){(char *)tag, hmac->inner.length}, tag);
	return hmac->inner.length;
}
