/*
 * What the programs share: their context, and the one order in which a token and its owner are
 * judged. The only place besides the programs themselves that knows tokens and accounts at once.
 */
#ifndef ENDPOINTS_GATE_H
#define ENDPOINTS_GATE_H

#include "accounts/accounts.h"
#include "accounts/throttle.h"
#include "http/endpoint.h"
#include "signing/claims.h"

struct context {
	const struct config *config;
	struct keyring *keyring;
	struct accounts *accounts;
	struct throttle *throttle; /* NULL: nobody is throttled */
};

/*
 * Keys loaded, with private ones only for those that sign; the database known but not connected
 * yet. NULL after a line in the log.
 */
struct context *context_open(const struct config *, const char *program, enum keyring_duty);

/* For an endpoint's check(): false, after a line in the log, if the database lacks something. */
bool context_check(struct context *);

/* What signing needs for this request. */
struct claims_context context_claims(const struct request *, const struct context *);

/*
 * Reads a token of that kind: signature and times, blacklist, then exp, id and type. WIRE_OK with
 * *out, or why not; WIRE_UNAVAILABLE if the blacklist could not be asked.
 */
enum wire gate_token(const struct request *, const struct context *, struct bytes token,
    enum token_kind, struct json **out);

/* What there is about the owner whom a token names, in the order of the checks. */
enum owner {
	OWNER_GOOD,
	OWNER_NONE,      /* the token names nobody */
	OWNER_FALSE,     /* or what Python takes for nobody */
	OWNER_OTHER,     /* or what no user id can be */
	OWNER_UNDECIDED, /* an outage */
	OWNER_UNKNOWN,   /* there is no such account */
	OWNER_INACTIVE,
	OWNER_CHANGED, /* the password is another since (JWT_CHECK_REVOKE_TOKEN) */
};

/* From OWNER_INACTIVE on, *out is the account. */
enum owner gate_judge_owner(
    struct request *, const struct context *, const struct json *claims, struct account *out);

/*
 * Whether the owner of a refresh or sliding token may have another: WIRE_OK, or why not. A token
 * without an owner passes, as does one whose owner SimpleJWT of that release does not look at; then
 * out->key is NULL.
 */
enum wire gate_owner(struct request *, const struct context *, enum token_kind, struct json *claims,
    struct account *out);

/* The account that a token names, to file it under: out->key is NULL if there is none. */
enum wire gate_find_owner(
    const struct request *, const struct context *, const struct json *claims, struct account *out);

/* The fields of a login, in this order; the first is named as JWT_USERNAME_FIELD says. */
void gate_login_fields(const struct config *, struct field *fields);

/* For a program that logs in: what JWT_THROTTLE needs. NULL stays NULL, or follows a log line. */
struct context *gate_login_open(struct context *);

/*
 * A login by the fields' values: a reply with status 0 and new claims of that kind and their signed
 * token, listed as outstanding where the tables are used; or the refusal.
 */
struct reply gate_login(struct request *, const struct context *, enum token_kind,
    struct json **claims, const char **token);

/* Lists a new token, which has an exp, under the account of that key: WIRE_OK or an outage. */
enum wire gate_list(const struct request *, const struct context *, struct json *claims,
    const char *token, const char *key);

/*
 * Blacklists a token in two steps: lists it, if nobody has yet, under the account of that key
 * (which may be NULL); then ends it: WIRE_TOKEN_BLACKLISTED if somebody was first.
 */
enum wire gate_list_old(
    const struct request *, const struct context *, struct json *claims, const char *key);
enum wire gate_end(const struct request *, const struct context *, const struct json *claims);
enum wire gate_blacklist(
    const struct request *, const struct context *, struct json *claims, const char *key);

#endif
