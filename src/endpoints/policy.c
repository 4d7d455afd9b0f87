#include "endpoints/policy.h"

#include "accounts/blacklist.h"
#include "endpoints/outstanding.h"
#include "endpoints/session.h"

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

/* Whether the blacklist has the token's id; one without an id is refused later, by claims_check().
 */
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

/* What follows on claims_read(). */
static enum wire
judge_claims(const struct request *request, const struct context *context, enum token_kind kind,
    struct json_object *claims)
{
	const struct config *config = context->config;
	struct claims_context signing = context_claims(request, context);
	enum wire judged = WIRE_OK;
	struct session session;

	/* The tables list no token that has a session. */
	if (outstanding_takes(config, kind) &&
	    !(config->sessions && json_has(claims, config->session_id_claim)))
		judged = look_up(request, context, claims);
	if (judged == WIRE_OK)
		judged = fault_to_wire(claims_check(&signing, claims, kind));
	if (judged == WIRE_OK && !session_read(config, claims, &session))
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
policy_unowned(const struct request *request, const struct context *context, struct bytes token,
    enum token_kind *kind, struct json_object **out)
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
