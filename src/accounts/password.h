/*
 * Stored passwords: every format of Django 1.4 to 6.0 and the strings of crypt(3).
 *
 * A format is recognised by its prefix, as django.contrib.auth.hashers.identify_hasher does; a string
 * that begins with '$' is given to crypt_r(3) of libxcrypt. Nothing here knows a database or a user.
 */
#ifndef ACCOUNTS_PASSWORD_H
#define ACCOUNTS_PASSWORD_H

#include "base/bytes.h"

/* Could not decide is never merged with no. */
enum verdict {
	VERDICT_UNDECIDED, /* an outage: the caller answers 503 */
	VERDICT_NO,
	VERDICT_YES,
};

/* The work of a hash, in units of one PBKDF2-HMAC-SHA256 iteration of this machine. */
struct password_policy {
	long iterations; /* of pbkdf2_sha256: what Django would use for a new password */
	bool legacy;     /* also md5, sha1 and the unsalted formats, which Django does not try by default */
};

/*
 * Whether the password belongs to the stored string. VERDICT_UNDECIDED only if a library fails.
 * password: any bytes but NUL, at most the body limit. stored: NULL, "", "!…" (unusable), unknown
 * and broken strings are VERDICT_NO and cost nothing. *spent is what it cost, for password_spend().
 * Comparisons take constant time; whatever was derived is wiped.
 */
enum verdict password_verify(
    const struct password_policy *, struct bytes password, const char *stored, long *spent);

/* Burns that many iterations on the password, so that a refusal costs what a verification does. */
void password_spend(struct bytes password, long iterations);

/* The work that verifying this stored string takes, where it says so (pbkdf2_sha256); else 0. */
long password_cost(const char *stored);

enum password_rehash { REHASH_OFF, REHASH_UPGRADE, REHASH_DJANGO };

/*
 * Whether a login should replace the stored string. REHASH_DJANGO: whenever algorithm, iterations or
 * salt differ from a new hash (must_update of Django 5.2, so downwards too); REHASH_UPGRADE: only when
 * the stored one is weaker (fewer iterations, a salt below 128 bits, a fast or legacy algorithm).
 */
bool password_must_rehash(
    const struct password_policy *, enum password_rehash, const char *stored);

/* A new "pbkdf2_sha256$iterations$salt$hash" with 22 random letters and digits of salt; never NULL. */
char *password_hash(struct arena *, const struct password_policy *, struct bytes password);

#endif
