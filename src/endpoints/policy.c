#include "endpoints/policy.h"

#include "endpoints/issue.h"
#include "endpoints/outstanding.h"
#include "process/metrics.h"

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

/* Whether the blacklist has the token's id; one without an id is refused later, in its turn. */
static enum wire
look_up(const struct request *request, const struct context *context, struct json_object *claims)
{
	struct claims_context judged = context_claims(request, context);
	const char *jti = claims_jti(&judged, claims);

	if (jti == NULL)
		return json_has(claims, context->config->jti_claim) ? WIRE_TOKEN_INVALID : WIRE_OK;
	switch (token_blacklisted(context->accounts, request->arena, jti)) {
	case VERDICT_YES:
		return WIRE_TOKEN_BLACKLISTED;
	case VERDICT_NO:
		return WIRE_OK;
	default:
		return WIRE_UNAVAILABLE;
	}
}

enum wire
policy_token(const struct request *request, const struct context *context, struct bytes token,
    enum token_kind kind, struct json_object **out)
{
	struct claims_context claims = context_claims(request, context);
	enum claims_fault fault = claims_read(&claims, token, out);
	enum wire listed = WIRE_OK;

	if (fault != CLAIMS_GOOD)
		return fault_to_wire(fault);
	if (issue_lists(context->config, kind))
		listed = look_up(request, context, *out);
	if (listed != WIRE_OK)
		return listed;
	return fault_to_wire(claims_check(&claims, *out, kind));
}

/* What the token says of its owner's password; NULL if it says nothing, or must not be asked. */
static const char *
digest_claim(const struct context *context, struct json_object *claims)
{
	const struct config *config = context->config;

	if (!config->check_revoke_token)
		return NULL;
	return json_string(json_member(claims, config->revoke_token_claim)).data;
}

static enum owner
judge_row(const struct request *request, const struct config *config, const char *digest,
    const struct account *account)
{
	if (config->check_user_is_active && !account->active)
		return OWNER_INACTIVE;
	if (config->check_revoke_token &&
	    (digest == NULL ||
		strcmp(digest, account_password_digest(request->arena, account)) != 0))
		return OWNER_CHANGED;
	return OWNER_GOOD;
}

static enum owner
read_owner(struct request *request, const struct context *context, const char *user_id,
    const char *digest, struct account *out)
{
	enum owner judged;

	switch (account_find(context->accounts, request->arena, user_id, out)) {
	case VERDICT_UNDECIDED:
		return OWNER_UNDECIDED;
	case VERDICT_NO:
		return OWNER_UNKNOWN;
	case VERDICT_YES:
		break;
	}
	metrics_owner(OWNER_WAS_READ);
	request->user = out->user_id;
	judged = judge_row(request, context->config, digest, out);
	if (judged == OWNER_GOOD)
		account_remember(context->accounts, out, digest);
	return judged;
}

/* As account_known(); what the change feed is doing is counted. */
static enum verdict
find_known(const struct request *request, const struct context *context, const char *user_id,
    const char *digest, struct account *out)
{
	enum verdict known = account_known(context->accounts, request->arena, user_id, digest, out);
	struct feed_state feed = accounts_feed(context->accounts);

	if (feed.in_use)
		metrics_feed(feed.known, feed.asked);
	return known;
}

enum owner
policy_owner(struct request *request, const struct context *context, struct json_object *claims,
    enum wanted wanted, struct account *out)
{
	struct claims_context judged = context_claims(request, context);
	const char *user_id, *digest = digest_claim(context, claims);
	enum verdict known = VERDICT_NO;

	switch (claims_user(&judged, claims, &user_id)) {
	case CLAIMS_USER_NONE:
		return OWNER_NONE;
	case CLAIMS_USER_FALSE:
		return OWNER_FALSE;
	case CLAIMS_USER_OTHER:
		return OWNER_OTHER;
	case CLAIMS_USER:
		break;
	}
	if (wanted == WANTED_JUDGEMENT)
		known = find_known(request, context, user_id, digest, out);
	if (known == VERDICT_NO)
		return read_owner(request, context, user_id, digest, out);
	if (known == VERDICT_UNDECIDED)
		return OWNER_UNDECIDED;
	metrics_owner(OWNER_WAS_KNOWN);
	request->user = user_id;
	return OWNER_GOOD;
}

enum wire
policy_renewal(struct request *request, const struct context *context, enum token_kind kind,
    struct json_object *claims, enum wanted wanted, struct account *out)
{
	const struct config *config = context->config;

	*out = (struct account){.key = NULL};
	if (config->compat == COMPAT_5_2 ||
	    (kind == TOKEN_SLIDING && config->compat != COMPAT_HEAD))
		return WIRE_OK;
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
	case OWNER_CHANGED:
		break;
	}
	if (config->compat != COMPAT_HEAD)
		return WIRE_OK;
	if (config->token_blacklist &&
	    outstanding_blacklist(request, context, claims, out->key) == WIRE_UNAVAILABLE)
		return WIRE_UNAVAILABLE;
	return WIRE_PASSWORD_CHANGED_REFRESH;
}

enum wire
policy_find_owner(const struct request *request, const struct context *context,
    struct json_object *claims, struct account *out)
{
	struct claims_context judged = context_claims(request, context);
	enum verdict found = VERDICT_NO;
	const char *user_id;

	if (claims_user(&judged, claims, &user_id) == CLAIMS_USER)
		found = account_find(context->accounts, request->arena, user_id, out);
	if (found != VERDICT_YES)
		*out = (struct account){.key = NULL};
	return found == VERDICT_UNDECIDED ? WIRE_UNAVAILABLE : WIRE_OK;
}
