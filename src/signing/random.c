#include "signing/random.h"

#include <openssl/rand.h>
#include <string.h>
#include <sys/mman.h>

#define STOCK \
	32 /* ids: the library's way to a generator costs as much as the bytes for all of them */

/* In a page that a child of fork(2) finds empty, so that no two processes ever share an id. */
struct stock {
	size_t left;
	unsigned char ids[STOCK][JTI_BYTES];
};

static struct stock *
stock_new(void)
{
	struct stock *stock =
	    mmap(NULL, sizeof(*stock), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stock == MAP_FAILED)
		return NULL;
	if (madvise(stock, sizeof(*stock), MADV_WIPEONFORK) == 0)
		return stock;
	munmap(stock, sizeof(*stock));
	return NULL;
}

bool
random_take(unsigned char *out)
{
	static struct stock *stock;
	static bool without;

	if (stock == NULL && !without) {
		stock = stock_new();
		without = stock == NULL;
	}
	if (without)
		return RAND_bytes(out, JTI_BYTES) == 1;
	if (stock->left == 0) {
		if (RAND_bytes(stock->ids[0], sizeof(stock->ids)) != 1)
			return false;
		stock->left = STOCK;
	}
	stock->left--;
	memcpy(out, stock->ids[stock->left], JTI_BYTES);
	explicit_bzero(stock->ids[stock->left], JTI_BYTES);
	return true;
}
