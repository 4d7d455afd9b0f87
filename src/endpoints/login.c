#include "endpoints/login.h"

#include "endpoints/issue.h"
#include "endpoints/outstanding.h"

/* A token of that kind for an account, listed where the tables are used. */
static enum wire
issue(struct request *request, const struct context *context, enum token_kind kind,
    const struct account *account, struct json_object **claims, const char **token)
{
	struct claims_context made = context_claims(request, context);

	*token = issue_token(&made, kind, account, claims);
	if (*token == NULL)
		return WIRE_UNAVAILABLE;
	if (!issue_lists(context->config, kind))
		return WIRE_OK;
	return outstanding_add(request, context, *claims, *token, account->key);
}

struct context *
login_open(const struct config *config, const struct endpoint *endpoint)
{
	struct context *context = context_open(config, endpoint);

	if (context == NULL || !config->throttle)
		return context;
	context->throttle = throttle_open(config);
	return context->throttle == NULL ? NULL : context;
}

/* Whether the fields are those of an account, as often as that may be asked. */
static struct reply
authenticate(struct request *request, const struct context *context, struct account *out)
{
	struct bytes name = request->values[0], password = request->values[1];
	struct throttle *throttle = context->throttle;
	struct attempt attempt;
	enum verdict verdict;
	long wait = throttle == NULL ? 0
				     : throttle_try(throttle, request->remote_address, name,
					   request->now, &attempt);

	if (wait > 0) {
		const char *seconds = arena_printf(request->arena, "%ld", wait);
		struct reply reply = reply_refuse(request, WIRE_THROTTLED, seconds);

		reply_header(request, &reply, "Retry-After", seconds);
		return reply;
	}
	verdict = account_authenticate(context->accounts, request->arena, name, password, out);
	if (throttle != NULL)
		throttle_settle(throttle, &attempt, verdict, request->now);
	if (verdict == VERDICT_YES)
		return (struct reply){.status = 0};
	request->reason = out->refusal;
	return reply_refuse(
	    request, verdict == VERDICT_NO ? WIRE_NO_ACCOUNT : WIRE_UNAVAILABLE, NULL);
}

struct reply
login_answer(struct request *request, const struct context *context, enum token_kind kind,
    struct json_object **claims, const char **token)
{
	struct account account = {.user_id = NULL};
	struct reply reply = authenticate(request, context, &account);
	enum wire issued;

	if (reply.status != 0)
		return reply;
	request->user = account.user_id;
	issued = issue(request, context, kind, &account, claims, token);
	if (issued == WIRE_OK && context->config->update_last_login &&
	    account_logged_in(context->accounts, request->arena, &account) != VERDICT_YES)
		issued = WIRE_UNAVAILABLE;
	return issued == WIRE_OK ? reply : reply_refuse(request, issued, NULL);
}
