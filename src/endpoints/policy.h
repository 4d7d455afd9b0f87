/*
 * The one order in which a token and its owner are judged.
 */
#pragma once

#include "endpoints/context.h"

/*
 * Reads a token of that kind: signature and times, blacklist, then exp, id and type. WIRE_OK with
 * *out, or the reason of the refusal; WIRE_UNAVAILABLE if the blacklist could not be read.
 */
enum wire policy_token(const struct request *, const struct context *, struct bytes token,
    enum token_kind, struct json_object **out);

/* The same of a token that belongs to no client of OpenID Connect, of the kind that it names. */
enum wire policy_unowned(const struct request *, const struct context *, struct bytes token,
    enum token_kind *, struct json_object **out);

/* The owner that a token names, in the order of the checks. */
enum owner {
	OWNER_GOOD,
	OWNER_NONE,      /* the token has no user id */
	OWNER_FALSE,     /* the user id is a value that Python takes for false */
	OWNER_OTHER,     /* the user id has a type that no user id can have */
	OWNER_UNDECIDED, /* an outage */
	OWNER_UNKNOWN,   /* there is no such account */
	OWNER_INACTIVE,
	OWNER_CHANGED, /* the password has changed since (JWT_CHECK_REVOKE_TOKEN) */
	OWNER_ENDED,   /* the session is over, or the token is void (JWT_SESSIONS) */
};

/*
 * Whether a token's digest of its owner's password is compared (JWT_CHECK_REVOKE_TOKEN). Of a token
 * with a session the change feed watches the password, where there can be one.
 */
bool policy_compares_password(const struct config *, bool has_session);

/* What an endpoint wants to have of an owner who is good. */
enum wanted {
	WANTED_JUDGEMENT, /* nothing more than that; user_id, and in auth_check the name */
	WANTED_ROW,       /* everything */
};

/*
 * Judges the owner by the database, or without it if it is known that his row is unchanged. From
 * OWNER_INACTIVE on *out is the account, and out->ended is known; for OWNER_GOOD it is what was
 * wanted.
 */
enum owner policy_owner(struct request *, const struct context *, struct json_object *claims,
    enum wanted, struct account *out);

/*
 * Whether the owner of a refresh or sliding token may have another one: WIRE_OK, or the reason of
 * the refusal. A token without an owner passes, as does one whose owner SimpleJWT of that release
 * does not look at; then out->key is NULL.
 */
enum wire policy_renewal(struct request *, const struct context *, enum token_kind,
    struct json_object *claims, enum wanted, struct account *out);

/* The account under which a token is listed: out->key is NULL if there is none. */
enum wire policy_find_owner(const struct request *, const struct context *,
    struct json_object *claims, struct account *out);
