/*
 * Logins with name and password. They write two columns of JWT_USER_TABLE: password when a login
 * renews the hash (JWT_PASSWORD_REHASH), last_login (JWT_UPDATE_LAST_LOGIN).
 */
#pragma once

#include "accounts/accounts.h"

/* What a process knows of the cost of passwords. */
struct logins *logins_new(const struct config *);

/*
 * Whether name and password, UTF-8 without NUL, are those of an active account. After a NO
 * out->refusal says why. A login renews the stored hash as JWT_PASSWORD_REHASH says.
 *
 * Every NO costs the same, whether the user is unknown, inactive, without a usable password or the
 * password is wrong: as much as the dearest hash that this process has verified, and at least
 * JWT_PBKDF2_ITERATIONS. What a client can learn from response times: until a process has verified
 * a dearer hash than the setting's, the owner of such a hash is refused later than an unknown name
 * is. Where hashes of SHA-crypt or MD5-crypt, which take longer for longer passwords, are the
 * dearest, the owner of a cheaper one can be told by the first refusal of a password of another
 * length.
 */
enum verdict login_verify(struct accounts *, struct arena *, struct bytes name,
    struct bytes password, struct account *out);

/* Sets last_login to now; a failure is an outage. */
enum verdict login_note(struct accounts *, struct arena *, const struct account *);
