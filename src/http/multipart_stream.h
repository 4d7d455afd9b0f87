/*
 * A multipart body cut at its boundaries, in the pieces in which Django's MultiPartParser cuts it.
 * It reads 64 KiB at a time and abandons a part without a usable header where it has got to, so
 * where a large part ends depends on the pieces.
 */
#ifndef HTTP_MULTIPART_STREAM_H
#define HTTP_MULTIPART_STREAM_H

#include "base/bytes.h"

struct stream {
	struct bytes body, separator; /* the separator is "--" and the boundary */
	size_t position;              /* where the next piece starts */
	size_t loaded;                /* how far the body has been read, in chunks */
};

struct part {
	size_t start, end; /* what has been read of it, in the body */
	bool whole;        /* there is no more of it */
};

/* The next part, of which nothing has been read; false at the end of the body. */
bool part_next(struct stream *, struct part *out);

/* Reads one more piece of the part; false if there is none. */
bool part_more(struct stream *, struct part *);

#endif
