/*
 * The one order in which a token and its owner are judged.
 */
#pragma once

#include "endpoints/context.h"

/*
 * Judges a token of that kind: signature and times, blacklist, then exp, id and type. Returns
 * WIRE_OK with the claims in *out, or why the token is refused; WIRE_UNAVAILABLE if the blacklist
 * could not be read.
 */
enum wire policy_token(const struct request *, const struct context *, struct bytes token,
    enum token_kind, struct json_object **out);

/* The same for a token that no client of OpenID Connect was given; *kind is its token_type. */
enum wire policy_token_of_site(const struct request *, const struct context *, struct bytes token,
    enum token_kind *, struct json_object **out);

/* What is wrong with the user whom a token names, in the order of the checks. */
enum owner {
	OWNER_GOOD,
	OWNER_NONE,      /* the token has no user id */
	OWNER_FALSE,     /* the user id is false in Python: 0, "", null */
	OWNER_OTHER,     /* the user id is of a type that no user id has */
	OWNER_UNDECIDED, /* an outage */
	OWNER_UNKNOWN,   /* there is no such account */
	OWNER_INACTIVE,
	OWNER_CHANGED, /* the password has changed since (JWT_CHECK_REVOKE_TOKEN) */
	OWNER_ENDED,   /* the session has ended, or the token is void (JWT_SESSIONS) */
};

/*
 * Whether a token's digest of its owner's password is compared (JWT_CHECK_REVOKE_TOKEN). Not for a
 * token with a session where there can be a change feed, whose trigger ends a user's sessions when
 * the password changes.
 */
bool policy_compares_password(const struct config *, bool has_session);

/* What an endpoint needs of a good owner's account. */
enum wanted {
	WANTED_JUDGEMENT, /* user_id and, in auth_check, name */
	WANTED_ROW,       /* all of it, so the row is always read */
};

/*
 * Judges the owner. The row is not read if this process knows the owner and WANTED_JUDGEMENT is
 * enough (accounts/feed.h). For OWNER_GOOD *out has what was wanted; from OWNER_INACTIVE on it is
 * the whole account, with out->ended.
 */
enum owner policy_owner(struct request *, const struct context *, struct json_object *claims,
    enum wanted, struct account *out);

/*
 * Whether the owner of a refresh or sliding token may have another one: WIRE_OK, or why not. A
 * token without an owner passes, and so does one whose owner SimpleJWT of the release JWT_COMPAT
 * does not check; then out->key is NULL.
 */
enum wire policy_renewal(struct request *, const struct context *, enum token_kind,
    struct json_object *claims, enum wanted, struct account *out);

/*
 * Finds the account under which a token is listed as outstanding. Returns WIRE_OK, with out->key
 * NULL if there is no such account, or WIRE_UNAVAILABLE.
 */
enum wire policy_find_owner(const struct request *, const struct context *,
    struct json_object *claims, struct account *out);
