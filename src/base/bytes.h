/*
 * A pointer and a length: a view of memory that belongs to something else.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <string.h>

/* Not NUL-terminated; may contain NUL bytes. data may be NULL when length is 0. */
struct bytes {
	const char *data;
	size_t length;
};

/* A view of a C string; empty for NULL. Inline, so that a literal's length is a constant. */
static inline struct bytes
bytes_of(const char *string)
{
	return (struct bytes){string, string == NULL ? 0 : strlen(string)};
}

/* Not for secrets: not constant-time. */
static inline bool
bytes_same(struct bytes a, struct bytes b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool
bytes_equal(struct bytes bytes, const char *string)
{
	return bytes_same(bytes, bytes_of(string));
}

/* Ignores the case of ASCII letters, as for names in HTTP. */
bool bytes_equal_case(struct bytes, const char *string);

/* Whether the text is in a NULL-terminated list of words; false if the list is NULL. */
bool bytes_among(struct bytes text, const char *const *words);

/*
 * Splits *rest at the first separator: *out is the part before it, *rest becomes the part after it.
 * Without a separator returns false, *out is all of *rest, and *rest becomes empty.
 */
bool bytes_cut(struct bytes *rest, const char *separator, struct bytes *out);

/* Cuts off *out, the next word of a text whose words are separated by spaces; false: none is left.
 */
bool bytes_word(struct bytes *rest, struct bytes *out);

/* Strips ASCII white space from both ends. */
struct bytes bytes_strip(struct bytes);

/* Writes 2 * count lower-case hexadecimal digits, without a NUL. */
void bytes_to_hex(const unsigned char *bytes, size_t count, char *out);

/* The value of a hexadecimal digit, upper or lower case; -1 for any other character. */
int bytes_hex_digit(char);

#define HASH_BASIS UINT64_C(0xcbf29ce484222325)

/* FNV-1a from HASH_BASIS, or from the hash of the preceding bytes. Not collision-resistant. */
uint64_t bytes_hash(uint64_t hash, struct bytes);
