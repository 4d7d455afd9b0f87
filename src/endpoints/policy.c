#include "endpoints/policy.h"

#include "accounts/blacklist.h"
#include "base/metrics.h"
#include "endpoints/outstanding.h"
#include "endpoints/token_session.h"

#include <string.h>

static enum wire
fault_to_wire(enum claims_fault fault)
{
	static const enum wire wires[] = {[CLAIMS_GOOD] = WIRE_OK,
	    [CLAIMS_INVALID] = WIRE_TOKEN_INVALID,
	    [CLAIMS_EXPIRED] = WIRE_TOKEN_EXPIRED,
	    [CLAIMS_NO_EXP] = WIRE_TOKEN_NO_EXP,
	    [CLAIMS_NO_ID] = WIRE_TOKEN_NO_ID,
	    [CLAIMS_NO_TYPE] = WIRE_TOKEN_NO_TYPE,
	    [CLAIMS_WRONG_TYPE] = WIRE_TOKEN_WRONG_TYPE};

	return wires[fault];
}

/* Whether the blacklist has the token's id. claims_check() refuses a token without one later. */
static enum wire
look_up(const struct request *request, const struct context *context, struct json_object *claims)
{
	struct claims_context signing = context_claims(request, context);
	const char *jti = claims_jti(&signing, claims);

	if (jti == NULL)
		return json_has(claims, context->config->jti_claim) ? WIRE_TOKEN_INVALID : WIRE_OK;
	switch (blacklist_has(context->accounts, request->arena, jti)) {
	case VERDICT_YES:
		return WIRE_TOKEN_BLACKLISTED;
	case VERDICT_NO:
		return WIRE_OK;
	default:
		return WIRE_UNAVAILABLE;
	}
}

/* The checks after claims_read(). */
static enum wire
judge_claims(const struct request *request, const struct context *context, enum token_kind kind,
    struct json_object *claims)
{
	const struct config *config = context->config;
	struct claims_context signing = context_claims(request, context);
	enum wire judged = WIRE_OK;
	struct session session;

	/* A token with a session is never in the blacklist's tables. */
	if (outstanding_takes(config, kind) &&
	    !(config->sessions && json_has(claims, config->session_id_claim)))
		judged = look_up(request, context, claims);
	if (judged == WIRE_OK)
		judged = fault_to_wire(claims_check(&signing, claims, kind));
	if (judged == WIRE_OK && !token_session_read(config, claims, &session))
		judged = WIRE_TOKEN_INVALID;
	return judged;
}

enum wire
policy_token(const struct request *request, const struct context *context, struct bytes token,
    enum token_kind kind, struct json_object **out)
{
	struct claims_context signing = context_claims(request, context);
	enum claims_fault fault = claims_read(&signing, token, out);

	return fault == CLAIMS_GOOD ? judge_claims(request, context, kind, *out)
				    : fault_to_wire(fault);
}

enum wire
policy_token_of_site(const struct request *request, const struct context *context,
    struct bytes token, enum token_kind *kind, struct json_object **out)
{
	struct claims_context signing = context_claims(request, context);
	enum claims_fault fault = claims_read(&signing, token, out);
	struct json_object *type;

	if (fault != CLAIMS_GOOD)
		return fault_to_wire(fault);
	if (json_has(*out, "client_id"))
		return WIRE_TOKEN_INVALID;
	type = json_member(*out, context->config->token_type_claim);
	for (*kind = TOKEN_ACCESS; *kind < TOKEN_UNTYPED; (*kind)++)
		if (json_is(type, claims_type(*kind)))
			return judge_claims(request, context, *kind, *out);
	return WIRE_TOKEN_WRONG_TYPE;
}

/* The token's digest of its owner's password; NULL if it has none, or the setting is off. */
static const char *
digest_claim(const struct context *context, struct json_object *claims)
{
	const struct config *config = context->config;

	if (!config->check_revoke_token)
		return NULL;
	return json_string(json_member(claims, config->revoke_token_claim)).data;
}

bool
policy_compares_password(const struct config *config, bool has_session)
{
	bool watched = has_session && config->feed_known > 0 && config->user_query == NULL;

	return config->check_revoke_token && !watched;
}

static enum owner
judge_row(const struct request *request, const struct config *config,
    const struct known_fact *owner, const struct account *account)
{
	if (config->check_user_is_active && !account->active)
		return OWNER_INACTIVE;
	if (policy_compares_password(config, owner->sid != NULL) &&
	    (owner->digest == NULL ||
		strcmp(owner->digest, account_password_digest(request->arena, account)) != 0))
		return OWNER_CHANGED;
	return OWNER_GOOD;
}

/* Reads the account; with JWT_SESSIONS one statement judges the session too. */
static enum verdict
find_account(const struct request *request, const struct context *context,
    struct json_object *claims, const struct known_fact *owner, struct account *out)
{
	int64_t iat = 0;

	if (context->sessions == NULL)
		return account_find(context->accounts, request->arena, owner->user_id, out);
	claims_time(claims, "iat", &iat);
	return account_judge(
	    context->accounts, request->arena, owner, iat - context->config->leeway, out);
}

static enum owner
read_owner(struct request *request, const struct context *context, struct json_object *claims,
    const struct known_fact *owner, struct account *out)
{
	enum owner judged;

	switch (find_account(request, context, claims, owner, out)) {
	case VERDICT_UNDECIDED:
		return OWNER_UNDECIDED;
	case VERDICT_NO:
		return OWNER_UNKNOWN;
	case VERDICT_YES:
		break;
	}
	metrics_owner(OWNER_WAS_READ);
	request->user_id = out->user_id;
	judged = judge_row(request, context->config, owner, out);
	if (judged == OWNER_GOOD && out->ended)
		judged = OWNER_ENDED;
	if (judged == OWNER_GOOD)
		account_remember(context->accounts, owner, out);
	return judged;
}

/* The owner whom the claims name, as accounts/known.h identifies owners. */
static enum owner
read_claims(const struct request *request, const struct context *context,
    struct json_object *claims, struct session *session, struct known_fact *out)
{
	struct claims_context signing = context_claims(request, context);

	*out = (struct known_fact){.digest = digest_claim(context, claims)};
	if (!token_session_read(context->config, claims, session))
		return OWNER_OTHER;
	if (*session->sid != '\0') {
		out->sid = session->sid;
		out->gen = session->gen;
	}
	switch (claims_user(&signing, claims, &out->user_id)) {
	case CLAIMS_USER_NONE:
		return OWNER_NONE;
	case CLAIMS_USER_FALSE:
		return OWNER_FALSE;
	case CLAIMS_USER_OTHER:
		return OWNER_OTHER;
	case CLAIMS_USER:
		break;
	}
	return OWNER_GOOD;
}

enum owner
policy_owner(struct request *request, const struct context *context, struct json_object *claims,
    enum wanted wanted, struct account *out)
{
	struct session session;
	struct known_fact owner;
	enum owner said = read_claims(request, context, claims, &session, &owner);
	enum verdict known = VERDICT_NO;

	if (said != OWNER_GOOD)
		return said;
	if (wanted == WANTED_JUDGEMENT)
		known = account_known(context->accounts, request->arena, &owner, out);
	if (known == VERDICT_NO)
		return read_owner(request, context, claims, &owner, out);
	if (known == VERDICT_UNDECIDED)
		return OWNER_UNDECIDED;
	metrics_owner(OWNER_WAS_KNOWN);
	request->user_id = owner.user_id;
	return OWNER_GOOD;
}

/* Whether SimpleJWT of that release checks the owner of a token that is renewed. */
static bool
checks_owner(const struct config *config, enum token_kind kind)
{
	return config->compat == COMPAT_HEAD ||
	       (config->compat != COMPAT_5_2 && kind != TOKEN_SLIDING);
}

/* For an owner whom SimpleJWT does not check: a new iat must not revive a token that was ended. */
static enum wire
judge_end(struct request *request, const struct context *context, struct json_object *claims)
{
	struct account account = {.ended = false};

	if (context->sessions == NULL)
		return WIRE_OK;
	if (policy_owner(request, context, claims, WANTED_JUDGEMENT, &account) == OWNER_UNDECIDED)
		return WIRE_UNAVAILABLE;
	return account.ended ? WIRE_TOKEN_BLACKLISTED : WIRE_OK;
}

enum wire
policy_renewal(struct request *request, const struct context *context, enum token_kind kind,
    struct json_object *claims, enum wanted wanted, struct account *out)
{
	const struct config *config = context->config;

	*out = (struct account){.key = NULL};
	if (!checks_owner(config, kind))
		return judge_end(request, context, claims);
	switch (policy_owner(request, context, claims, wanted, out)) {
	case OWNER_GOOD:
	case OWNER_NONE:
	case OWNER_FALSE:
		return WIRE_OK;
	case OWNER_OTHER:
		return WIRE_TOKEN_INVALID;
	case OWNER_UNDECIDED:
		return WIRE_UNAVAILABLE;
	case OWNER_UNKNOWN:
	case OWNER_INACTIVE:
		return WIRE_NO_ACCOUNT_FOR_TOKEN;
	case OWNER_ENDED:
		return WIRE_TOKEN_BLACKLISTED;
	case OWNER_CHANGED:
		break;
	}
	if (config->compat != COMPAT_HEAD)
		return WIRE_OK;
	if (outstanding_takes(config, kind) && !json_has(claims, config->session_id_claim) &&
	    outstanding_blacklist(request, context, claims, out->key) == WIRE_UNAVAILABLE)
		return WIRE_UNAVAILABLE;
	return WIRE_PASSWORD_CHANGED_REFRESH;
}

enum wire
policy_find_owner(const struct request *request, const struct context *context,
    struct json_object *claims, struct account *out)
{
	struct claims_context signing = context_claims(request, context);
	enum verdict found = VERDICT_NO;
	const char *user_id;

	if (claims_user(&signing, claims, &user_id) == CLAIMS_USER)
		found = account_find(context->accounts, request->arena, user_id, out);
	if (found != VERDICT_YES)
		*out = (struct account){.key = NULL};
	return found == VERDICT_UNDECIDED ? WIRE_UNAVAILABLE : WIRE_OK;
}
