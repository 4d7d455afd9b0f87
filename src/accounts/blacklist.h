/*
 * Refresh and sliding tokens in the two tables of SimpleJWT's token_blacklist app.
 */
#pragma once

#include "accounts/accounts.h"

struct listed_token {
	const char *jti, *token; /* its id, and the whole text as Django stores it */
	int64_t expires_at;      /* seconds since the epoch */
	const char *user_key;    /* account.key; NULL, or of a deleted user: stored as NULL */
	bool created_now;        /* whether created_at is now or NULL */
};

/* Lists a token as outstanding; YES also if it is there already. */
enum verdict blacklist_list(struct accounts *, struct arena *, const struct listed_token *);

/* Whether a token of that id is blacklisted. */
enum verdict blacklist_has(struct accounts *, struct arena *, const char *jti);

/* Blacklists the outstanding token of that id. Of several at once one has YES, the rest NO. */
enum verdict blacklist_add(struct accounts *, struct arena *, const char *jti);
