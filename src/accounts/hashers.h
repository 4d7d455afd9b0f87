/*
 * One function for each format of stored passwords: whether the password matches the value, which
 * is the stored string without the prefix by which password.c recognised it.
 *
 * For all of them: password.data is never NULL and contains no NUL. NO also for a malformed value,
 * and for one that asks for more work than the limit, estimated beforehand in PBKDF2 iterations, or
 * for more than 1 GiB of memory. UNDECIDED only if a library fails or has no memory.
 */
#pragma once

#include "accounts/password.h"

enum verdict hasher_pbkdf2_sha256(struct bytes password, const char *value, long limit);
enum verdict hasher_pbkdf2_sha1(struct bytes password, const char *value, long limit);
enum verdict hasher_scrypt(struct bytes password, const char *value, long limit);
enum verdict hasher_argon2(struct bytes password, const char *value, long limit);

enum verdict hasher_crypt(struct bytes password, const char *value, long limit); /* "$…" */
enum verdict hasher_bcrypt(struct bytes password, const char *value, long limit);
enum verdict hasher_bcrypt_sha256(struct bytes password, const char *value, long limit);
enum verdict hasher_legacy_crypt(struct bytes password, const char *value, long limit);

enum verdict hasher_md5(struct bytes password, const char *value, long limit);
enum verdict hasher_sha1(struct bytes password, const char *value, long limit);
enum verdict hasher_unsalted_md5(struct bytes password, const char *value, long limit);
enum verdict hasher_unsalted_sha1(struct bytes password, const char *value, long limit);

/* Parses a pbkdf2_* value whose hash is of `size` bytes; false if it is malformed. */
struct pbkdf2_value {
	long iterations;
	struct bytes salt;
	const char *hash;
};
bool hasher_pbkdf2_read(const char *value, size_t size, long limit, struct pbkdf2_value *out);

/* Whether it is a crypt(3) string of a method that is known here (crypt(5)). */
bool hasher_crypt_knows(const char *value);

/* Whether a crypt(3) string or a bcrypt value is slow enough for password_must_rehash(). */
bool hasher_crypt_is_strong(const char *value);
