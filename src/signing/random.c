#include "signing/random.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define STOCK 16 /* ids for one system call, whose 256 bytes no signal cuts (getrandom(2)) */

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

/* The kernel's own generator: that of OpenSSL would be seeded from it, at a millisecond's cost. */
static bool
fill(void *out, size_t size)
{
	return getrandom(out, size, 0) == (ssize_t)size;
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
		return fill(out, JTI_BYTES);
	if (stock->left == 0) {
		if (!fill(stock->ids, sizeof(stock->ids)))
			return false;
		stock->left = STOCK;
	}
	stock->left--;
	memcpy(out, stock->ids[stock->left], JTI_BYTES);
	explicit_bzero(stock->ids[stock->left], JTI_BYTES);
	return true;
}
