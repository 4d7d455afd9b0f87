/*
 * Stored passwords: every format of Django 1.4 to 6.0 and the strings of crypt(3).
 *
 * A format is recognised by its prefix, as by django.contrib.auth.hashers.identify_hasher. Strings
 * that begin with '$' go to crypt_r(3) of libxcrypt, except those of Argon2's own library
 * ("$argon2id$..."). Nothing here knows of a database or a user.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"

/* Work is counted in PBKDF2-HMAC-SHA256 iterations of this machine. */
struct password_policy {
	long iterations; /* of pbkdf2_sha256: what Django would use for a new password */
	bool legacy;     /* also md5, sha1, crypt$ and the unsalted formats of Django before 1.4 */
	long limit;      /* of the work that a stored string may ask for; 0: PASSWORD_WORK_LIMIT */
};

/* Ten to thirty seconds: a login that takes longer is useless, so more must be an error. */
enum { PASSWORD_WORK_LIMIT = 100000000 };

/* The kind of a stored string, by its form alone. */
enum password_kind {
	PASSWORD_NONE,    /* NULL, "" and Django's "!...": no password fits */
	PASSWORD_UNKNOWN, /* of a format that nothing verifies, or a legacy one without
			     policy->legacy */
	PASSWORD_KNOWN,
};
enum password_kind password_kind(const struct password_policy *, const char *stored);

/*
 * Whether the password matches the stored string. UNDECIDED only if a library fails. password: any
 * bytes, at most the body limit; with a NUL it is NO, because PBKDF2 and crypt(3) would take it for
 * another password. stored: NULL, "", "!…" (unusable), unknown and malformed strings are NO and
 * cost nothing. *spent: the cost, for password_spend(), exact for pbkdf2_sha256, else measured.
 * Comparisons take constant time, and derived bytes are wiped.
 */
enum verdict password_verify(
    const struct password_policy *, struct bytes password, const char *stored, long *spent);

/* Spends that many iterations, so that a refusal costs as much as a verification. */
void password_spend(struct bytes password, long iterations);

/* The work of a verification if the stored string states it (pbkdf2_sha256), else 0. */
long password_cost(const char *stored);

enum password_rehash { REHASH_OFF, REHASH_UPGRADE, REHASH_DJANGO };

/*
 * Whether a login should replace the stored string, which has just been verified. REHASH_DJANGO: if
 * algorithm, iterations or salt differ from a new hash's (must_update of Django 5.2, so by fewer
 * iterations too). REHASH_UPGRADE: only if the stored string is weaker (fewer iterations, a salt
 * below 128 bits, a fast or legacy algorithm); argon2, scrypt, yescrypt and bcrypt from cost 10 are
 * left alone. False for an unknown or malformed string.
 */
bool password_must_rehash(const struct password_policy *, enum password_rehash, const char *stored);

/*
 * A new "pbkdf2_sha256$iterations$salt$hash", in the arena, with a salt of 22 random letters and
 * digits. NULL only if there is no randomness or OpenSSL fails: keep the stored string then.
 */
char *password_hash(struct arena *, const struct password_policy *, struct bytes password);
