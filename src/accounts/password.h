/*
 * Stored passwords: every format of Django 1.4 to 6.0 and the strings of crypt(3).
 *
 * A format is recognised by its prefix, as django.contrib.auth.hashers.identify_hasher does; a
 * string that begins with '$' is given to crypt_r(3) of libxcrypt, but for the strings of Argon2's
 * own library ("$argon2id$..."). Nothing here knows a database or a user.
 */
#pragma once

#include "base/bytes.h"
#include "base/verdict.h"

/* Work is counted in PBKDF2-HMAC-SHA256 iterations of this machine. */
struct password_policy {
	long iterations; /* of pbkdf2_sha256: what Django would use for a new password */
	bool legacy;     /* also md5, sha1, crypt$ and the unsalted formats of Django before 1.4 */
	long limit; /* a stored string that asks for more work is broken; 0: PASSWORD_WORK_LIMIT */
};

/* Ten to thirty seconds: a login that takes longer is of no use, so a larger number is an error. */
enum { PASSWORD_WORK_LIMIT = 100000000 };

/* What a stored string is, told by its form alone. */
enum password_kind {
	PASSWORD_NONE,    /* NULL, "" and Django's "!...": no password fits */
	PASSWORD_UNKNOWN, /* of a format that nothing verifies, or a legacy one without
			     policy->legacy */
	PASSWORD_KNOWN,
};
enum password_kind password_kind(const struct password_policy *, const char *stored);

/*
 * Whether the password belongs to the stored string. VERDICT_UNDECIDED only if a library fails.
 * password: any bytes, at most the body limit; with a NUL it is VERDICT_NO, because PBKDF2 and
 * crypt(3) would take it for another password. stored: NULL, "", "!…" (unusable), unknown and
 * broken strings are VERDICT_NO and cost nothing. *spent is what it cost, for password_spend():
 * exact for pbkdf2_sha256, else measured. Comparisons take constant time; whatever was derived is
 * wiped.
 */
enum verdict password_verify(
    const struct password_policy *, struct bytes password, const char *stored, long *spent);

/* Burns that many iterations on the password, so that a refusal costs what a verification does. */
void password_spend(struct bytes password, long iterations);

/* The work that verifying this stored string takes, where it says so (pbkdf2_sha256); else, NULL
 * too, 0. */
long password_cost(const char *stored);

enum password_rehash { REHASH_OFF, REHASH_UPGRADE, REHASH_DJANGO };

/*
 * Whether a login should replace the stored string. REHASH_DJANGO: whenever algorithm, iterations
 * or salt differ from a new hash (must_update of Django 5.2, so downwards too); REHASH_UPGRADE:
 * only when the stored one is weaker (fewer iterations, a salt below 128 bits, a fast or legacy
 * algorithm): what argon2, scrypt, yescrypt and bcrypt from cost 10 made is left alone. Meant for a
 * string that has just been verified; never true of an unknown or broken one.
 */
bool password_must_rehash(const struct password_policy *, enum password_rehash, const char *stored);

/*
 * A new "pbkdf2_sha256$iterations$salt$hash" with 22 random letters and digits of salt. NULL only
 * if the library fails (no randomness): keep the stored string then.
 */
char *password_hash(struct arena *, const struct password_policy *, struct bytes password);
