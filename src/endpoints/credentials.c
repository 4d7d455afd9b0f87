#include "endpoints/credentials.h"

#include "accounts/logins.h"
#include "endpoints/custom.h"
#include "endpoints/issue.h"

enum wire
credentials_check(struct request *request, const struct context *context, struct bytes name,
    struct bytes password, struct account *out, long *wait)
{
	struct throttle *throttle = context->throttle;
	struct attempt attempt;
	enum verdict verdict;

	*wait = throttle == NULL
		    ? 0
		    : throttle_try(throttle, request->remote_address, name, request->now, &attempt);
	if (*wait > 0)
		return WIRE_THROTTLED;
	verdict = login_verify(context->accounts, request->arena, name, password, out);
	if (throttle != NULL)
		throttle_settle(throttle, &attempt, verdict, request->now);
	if (verdict == VERDICT_YES)
		request->user = out->user_id;
	else
		request->reason = out->refusal;
	return wire_of_verdict(verdict, WIRE_NO_ACCOUNT);
}

enum wire
credentials_logged_in(
    const struct request *request, const struct context *context, const struct account *account)
{
	return !context->config->update_last_login ||
		       login_note(context->accounts, request->arena, account) == VERDICT_YES
		   ? WIRE_OK
		   : WIRE_UNAVAILABLE;
}

static struct reply
refuse(struct request *request, enum wire wire, long wait)
{
	const char *seconds =
	    wire == WIRE_THROTTLED ? arena_printf(request->arena, "%ld", wait) : NULL;
	struct reply reply = reply_refuse(request, wire, seconds);

	if (seconds != NULL)
		reply_header(request, &reply, "Retry-After", seconds);
	return reply;
}

struct reply
credentials_answer(
    struct request *request, const struct context *context, enum token_kind kind, struct login *out)
{
	struct claims_context signing = context_claims(request, context);
	struct account account = {.user_id = NULL};
	long wait;
	enum wire wire = credentials_check(
	    request, context, request->values[0], request->values[1], &account, &wait);

	if (wire == WIRE_OK)
		wire = credentials_logged_in(request, context, &account);
	out->more = NULL;
	/* The query sees the new last_login, as in Django. It comes before the session begins, so
	 * that its failure leaves none behind. */
	if (wire == WIRE_OK && context->config->login_answer_query != NULL &&
	    !custom_read(&signing, context->accounts, LOGIN_ANSWER, account.user_id, &out->more))
		wire = WIRE_UNAVAILABLE;
	if (wire == WIRE_OK)
		wire = issue_login(request, context, kind, &account, &out->claims, &out->token);
	if (wire != WIRE_OK)
		return refuse(request, wire, wait);
	return (struct reply){.status = 0};
}
