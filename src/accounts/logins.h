/*
 * Logins with name and password. They write two columns of JWT_USER_TABLE: password when a login
 * renews the hash (JWT_PASSWORD_REHASH), last_login (JWT_UPDATE_LAST_LOGIN).
 */
#pragma once

#include "accounts/accounts.h"

/* What a process knows about the cost of passwords; lives as long as the process. */
struct logins *logins_new(const struct config *);

/*
 * Whether name and password, UTF-8 without NUL, are those of an active account. After a NO
 * out->refusal says why. A login renews the stored hash as JWT_PASSWORD_REHASH says.
 *
 * Every NO costs the same, whether the user is unknown, inactive, without a usable password or the
 * password is wrong: as much as the costliest hash that this process has verified, and at least
 * JWT_PBKDF2_ITERATIONS.
 *
 * Response times still reveal two things. Until a process has verified a hash that costs more than
 * the setting's, refusing the owner of such a hash takes longer than refusing an unknown name. If
 * the costliest hashes are of SHA-crypt or MD5-crypt, which take longer for longer passwords, the
 * first refusal of a password of another length tells the owner of a cheaper hash.
 */
enum verdict login_verify(struct accounts *, struct arena *, struct bytes name,
    struct bytes password, struct account *out);

/* Sets last_login to now: YES, or UNDECIDED in an outage. */
enum verdict login_note(struct accounts *, struct arena *, const struct account *);
