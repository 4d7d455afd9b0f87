/*
 * Reading the fields of a stored password. Each function moves *text behind what it has read; when
 * it returns false the string is not of the format and *text is worth nothing.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"

/* These very characters. */
bool hash_field_skip(const char **text, const char *literal);

/*
 * A number from 1 to limit and the character behind it. Only as Python would print it: Django
 * compares whole strings, so that "0260000", "+1" or "1_000" never belong to a password.
 */
bool hash_field_number(const char **text, char end, long limit, long *out);

/* One or more bytes and the '$' behind them. */
bool hash_field_text(const char **text, struct bytes *out);

/*
 * YES or NO: whether it is the base64 (RFC 4648 section 4) of what was derived, with or without
 * '='; takes constant time, and wipes it. size <= 96.
 */
enum verdict hash_field_verify_base64(
    const char *text, unsigned char *derived, size_t size, bool padded);
