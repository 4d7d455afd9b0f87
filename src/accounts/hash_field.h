/*
 * Parses the fields of a stored password. Each function advances *text past the field. false: the
 * string does not have the format, and *text is undefined.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"

/* Exactly these characters. */
bool hash_field_skip(const char **text, const char *literal);

/*
 * A number from 1 to limit, followed by `end`. Only in the form that Python prints: Django compares
 * whole strings, so "0260000", "+1" or "1_000" never match a password.
 */
bool hash_field_number(const char **text, char end, long limit, long *out);

/* One or more bytes, followed by '$'. */
bool hash_field_text(const char **text, struct bytes *out);

/*
 * YES or NO: whether the text is the base64 (RFC 4648 section 4) of the derived bytes, padded with
 * '=' or not. Takes constant time, and wipes these bytes. size: at most 96.
 */
enum verdict hash_field_verify_base64(
    const char *text, unsigned char *derived, size_t size, bool padded);
