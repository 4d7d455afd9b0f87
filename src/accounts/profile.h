/*
 * What the database says of a user in the claims of OpenID Connect: JWT_OIDC_CLAIMS_QUERY, or of
 * the table of users those of first_name, last_name and email that it has.
 */
#ifndef ACCOUNTS_PROFILE_H
#define ACCOUNTS_PROFILE_H

#include "base/arena.h"
#include "base/verdict.h"

#include <stddef.h>

struct accounts;

struct profile_claim {
	const char *name, *json; /* its value as JSON; never null or "" */
};

/* In the arena. */
struct profile {
	size_t count;
	const struct profile_claim *claims;
};

/* NO is not returned: a user who is gone has no claims. */
enum verdict profile_read(
    struct accounts *, struct arena *, const char *user_id, struct profile *out);

#endif
