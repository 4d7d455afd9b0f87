/*
 * Bytes with a length: a view of memory of another owner.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <string.h>

/* A view: does not own, need not end in NUL, may contain one. data may be NULL when length is 0. */
struct bytes {
	const char *data;
	size_t length;
};

/* Of a C string; NULL gives no bytes. Here, so that a comparison with a literal knows its length.
 */
static inline struct bytes
bytes_of(const char *string)
{
	return (struct bytes){string, string == NULL ? 0 : strlen(string)};
}

/* Not for secrets: takes variable time. */
static inline bool
bytes_same(struct bytes a, struct bytes b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Not for secrets either. */
static inline bool
bytes_equal(struct bytes bytes, const char *string)
{
	return bytes_same(bytes, bytes_of(string));
}

/* The same but for the case of ASCII letters, as names in HTTP are compared. */
bool bytes_equal_case(struct bytes, const char *string);

/* Whether the text is one of the words, which a NULL ends; of NULL it is none. */
bool bytes_among(struct bytes text, const char *const *words);

/*
 * Cuts off *out, what stands before the first `separator`, and the separator itself. Returns false
 * where there is none: then *out is all that was left.
 */
bool bytes_cut(struct bytes *rest, const char *separator, struct bytes *out);

/* Without the blanks, tabs, and line ends of ASCII at both ends. */
struct bytes bytes_strip(struct bytes);

/* Writes 2 * count lower-case hexadecimal digits, and no NUL. */
void bytes_to_hex(const unsigned char *bytes, size_t count, char *out);

/* The value of a hexadecimal digit of either case; -1 for any other character. */
int bytes_hex_digit(char);

#define HASH_BASIS UINT64_C(0xcbf29ce484222325)

/* FNV-1a of the bytes, from HASH_BASIS or the hash of what precedes them; for names and changes. */
uint64_t bytes_hash(uint64_t hash, struct bytes);
