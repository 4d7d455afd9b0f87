/*
 * argon2id, argon2i and argon2d, by libargon2.
 */
#include "accounts/hashers.h"

#ifdef HAVE_ARGON2

#include "accounts/hash_field.h"

#include <argon2.h>
#include <openssl/evp.h>
#include <string.h>

enum { SALT_MAXIMUM = 96, HASH_MAXIMUM = 96 };

struct argon2_value {
	argon2_type type;
	long version, memory, time, lanes;
	const char *salt, *hash;
};

static bool
argon2_read_type(const char **text, argon2_type *out)
{
	if (hash_field_skip(text, "argon2id$"))
		*out = Argon2_id;
	else if (hash_field_skip(text, "argon2i$"))
		*out = Argon2_i;
	else if (hash_field_skip(text, "argon2d$"))
		*out = Argon2_d;
	else
		return false;
	return true;
}

/* "argon2id$v=19$m=102400,t=2,p=8$salt$hash"; without v= it is version 1.0, of before 2016. */
static bool
argon2_read(const char *text, struct argon2_value *out)
{
	struct bytes salt;

	if (!argon2_read_type(&text, &out->type))
		return false;
	out->version = ARGON2_VERSION_10;
	if (hash_field_skip(&text, "v=") &&
	    !hash_field_number(&text, '$', ARGON2_VERSION_13, &out->version))
		return false;
	if (!hash_field_skip(&text, "m=") || !hash_field_number(&text, ',', 1 << 20, &out->memory))
		return false;
	if (!hash_field_skip(&text, "t=") || !hash_field_number(&text, ',', 1 << 20, &out->time))
		return false;
	if (!hash_field_skip(&text, "p=") || !hash_field_number(&text, '$', 1 << 17, &out->lanes))
		return false;
	if (!hash_field_text(&text, &salt))
		return false;
	out->salt = salt.data;
	out->hash = text;
	return out->version == ARGON2_VERSION_10 || out->version == ARGON2_VERSION_13;
}

/*
 * Decodes unpadded base64 up to the '$'. Returns the number of bytes; 0 if it is malformed or if
 * unused bits of its last character are not 0.
 */
static size_t
salt_decode(const char *text, unsigned char out[static SALT_MAXIMUM])
{
	unsigned char padded[SALT_MAXIMUM / 3 * 4 + 1], spelling[sizeof(padded)];
	size_t length = strcspn(text, "$"), size = length * 3 / 4;

	if (length >= sizeof(padded))
		return 0;
	memset(padded, '=', sizeof(padded));
	memcpy(padded, text, length);
	if (EVP_DecodeBlock(out, padded, (int)((length + 3) / 4 * 4)) < 0)
		return 0;
	EVP_EncodeBlock(spelling, out, (int)size);
	return memcmp(spelling, text, length) == 0 ? size : 0;
}

/* All lanes in one thread: workers already run in parallel, and a sandbox may forbid threads. */
enum verdict
hasher_argon2(struct bytes password, const char *value, long limit)
{
	unsigned char salt[SALT_MAXIMUM], derived[HASH_MAXIMUM];
	struct argon2_value parts;
	argon2_context context = {.threads = 1};
	int status;

	if (!argon2_read(value, &parts) || parts.memory > limit / 11 / parts.time)
		return VERDICT_NO;
	if (strlen(parts.hash) > sizeof(derived) / 3 * 4 || strlen(parts.hash) % 4 == 1)
		return VERDICT_NO;
	context.out = derived;
	context.outlen = (uint32_t)(strlen(parts.hash) * 3 / 4);
	context.salt = salt;
	context.saltlen = (uint32_t)salt_decode(parts.salt, salt);
	context.pwd = (uint8_t *)(uintptr_t)password.data;
	context.pwdlen = (uint32_t)password.length;
	context.t_cost = (uint32_t)parts.time;
	context.m_cost = (uint32_t)parts.memory;
	context.lanes = (uint32_t)parts.lanes;
	context.version = (uint32_t)parts.version;
	status = argon2_ctx(&context, parts.type);
	if (status == ARGON2_MEMORY_ALLOCATION_ERROR || status == ARGON2_THREAD_FAIL)
		return VERDICT_UNDECIDED;
	if (status != ARGON2_OK)
		return VERDICT_NO;
	return hash_field_verify_base64(parts.hash, derived, context.outlen, false);
}

#else

/* As Django without its argon2 module: an error, not a wrong password. */
enum verdict
hasher_argon2(struct bytes password, const char *value, long limit)
{
	(void)password, (void)value, (void)limit;
	return VERDICT_UNDECIDED;
}

#endif
