/*
 * Refresh and sliding tokens in the two tables of SimpleJWT's token_blacklist app.
 */
#pragma once

#include "accounts/accounts.h"

struct listed_token {
	const char *jti, *token; /* its id, and its whole text, which Django stores too */
	int64_t expires_at;      /* seconds since the epoch */
	const char *user_key;    /* account.key, stored as NULL if the user was deleted; or NULL */
	bool created_now;        /* created_at is now, otherwise NULL */
};

/* Stores a token as outstanding; YES also if it is there already. */
enum verdict blacklist_list(struct accounts *, struct arena *, const struct listed_token *);

/* Whether the token of that id is blacklisted. */
enum verdict blacklist_has(struct accounts *, struct arena *, const char *jti);

/* Blacklists the outstanding token of that id. Of several calls at once, one returns YES. */
enum verdict blacklist_add(struct accounts *, struct arena *, const char *jti);
