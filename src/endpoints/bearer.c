#include "endpoints/bearer.h"

#include <string.h>

/* Tries the classes of JWT_AUTH_TOKEN_CLASSES in turn; a refusal says of each why it is not one. */
static struct reply
read_token(struct request *request, const struct context *context, struct bytes token,
    enum token_kind *kind)
{
	const char *const *class = context->config->auth_token_classes;
	struct token_refusal refusals[2];
	size_t count = 0;

	for (; *class != NULL && count < 2; class ++) {
		bool sliding = strcmp(*class, claims_class(TOKEN_SLIDING)) == 0;
		enum wire why;

		*kind = sliding ? TOKEN_SLIDING : TOKEN_ACCESS;
		why = policy_token(request, context, token, *kind, &request->claims);
		if (why == WIRE_OK)
			return reply_none();
		if (why == WIRE_UNAVAILABLE)
			return reply_refuse(request, why, NULL);
		refusals[count++] =
		    (struct token_refusal){claims_class(*kind), claims_type(*kind), why};
	}
	return reply_given_token(request, refusals, count);
}

struct reply
bearer_judge(
    struct request *request, const struct context *context, enum wanted wanted, struct account *out)
{
	static const enum wire wires[] = {[OWNER_GOOD] = WIRE_OK,
	    [OWNER_NONE] = WIRE_NO_USER_ID,
	    [OWNER_FALSE] = WIRE_USER_NOT_FOUND,
	    [OWNER_OTHER] = WIRE_NO_USER_ID,
	    [OWNER_UNDECIDED] = WIRE_UNAVAILABLE,
	    [OWNER_UNKNOWN] = WIRE_USER_NOT_FOUND,
	    [OWNER_INACTIVE] = WIRE_USER_INACTIVE,
	    [OWNER_CHANGED] = WIRE_PASSWORD_CHANGED,
	    [OWNER_ENDED] = WIRE_TOKEN_BLACKLISTED};
	struct bytes token;
	struct reply reply;
	enum token_kind kind = TOKEN_ACCESS;
	enum wire judged = request_token(request, &token);

	if (judged != WIRE_OK)
		return reply_refuse(request, judged, NULL);
	reply = read_token(request, context, token, &kind);
	if (reply.status != 0)
		return reply;
	judged = wires[policy_owner(request, context, request->claims, wanted, out)];
	if (judged == WIRE_TOKEN_BLACKLISTED) {
		struct token_refusal ended = {claims_class(kind), claims_type(kind), judged};

		return reply_given_token(request, &ended, 1);
	}
	return judged == WIRE_OK ? reply : reply_refuse(request, judged, NULL);
}

struct reply
bearer_admit(struct request *request, struct context *context)
{
	struct account account;

	return bearer_judge(request, context, WANTED_JUDGEMENT, &account);
}

struct reply
bearer_admit_session(struct request *request, struct context *context)
{
	struct account account;

	if (context->sessions == NULL)
		return reply_refuse(request, WIRE_NOT_FOUND, NULL);
	return bearer_judge(request, context, WANTED_ROW, &account);
}
