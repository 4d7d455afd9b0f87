/*
 * One function for each format of stored passwords: whether the password belongs to the value,
 * which is the stored string without the prefix that password.c recognised it by.
 *
 * All keep the same rules. password.data is never NULL and holds no NUL. A broken value is
 * VERDICT_NO, and so is one whose work, estimated in PBKDF2 iterations before any is done, is above
 * the limit or which asks for more than 1 GiB of memory. VERDICT_UNDECIDED only if a library fails
 * or has no memory.
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

/* What a whole pbkdf2_* value says, with a hash as long as one of `size` bytes; false: broken. */
struct pbkdf2_value {
	long iterations;
	struct bytes salt;
	const char *hash;
};
bool hasher_pbkdf2_read(const char *value, size_t size, long limit, struct pbkdf2_value *out);

/* Whether it is a crypt(3) string of a method of crypt(5). */
bool hasher_crypt_knows(const char *value);

/* Whether a crypt(3) string or a bcrypt value is slow enough for password_must_rehash(). */
bool hasher_crypt_is_strong(const char *value);
