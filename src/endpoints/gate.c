#include "endpoints/gate.h"

#include "endpoints/issue.h"

struct context *
context_open(const struct config *config, const char *program, enum keyring_duty duty)
{
	struct context *context = arena_alloc(arena_of_process(), sizeof(*context));

	context->config = config;
	context->keyring = keyring_load(config, duty);
	context->accounts = context->keyring == NULL ? NULL : accounts_open(config, program);
	return context->accounts == NULL ? NULL : context;
}

bool
context_check(struct context *context)
{
	struct arena *arena = arena_new();
	bool good = accounts_check(context->accounts, arena) != VERDICT_NO;

	arena_free(arena);
	return good;
}

struct claims_context
context_claims(const struct request *request, const struct context *context)
{
	return (struct claims_context){
	    request->arena, context->config, context->keyring, request->now};
}

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
look_up(const struct request *request, const struct context *context, const struct json *claims)
{
	struct claims_context judged = context_claims(request, context);
	const char *jti = claims_jti(&judged, claims);

	if (jti == NULL)
		return json_member(claims, context->config->jti_claim) == NULL ? WIRE_OK
									       : WIRE_TOKEN_INVALID;
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
gate_token(const struct request *request, const struct context *context, struct bytes token,
    enum token_kind kind, struct json **out)
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

/* Whether the claims carry the digest of this password's hash. */
static bool
password_unchanged(const struct request *request, const struct context *context,
    const struct json *claims, const struct account *account)
{
	const struct json *claim = json_member(claims, context->config->revoke_token_claim);

	return claim != NULL && claim->type == JSON_STRING &&
	       bytes_equal(claim->text, account_password_digest(request->arena, account));
}

enum owner
gate_judge_owner(struct request *request, const struct context *context, const struct json *claims,
    struct account *out)
{
	const struct config *config = context->config;
	struct claims_context judged = context_claims(request, context);
	const char *user_id;

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
	switch (account_find(context->accounts, request->arena, user_id, out)) {
	case VERDICT_UNDECIDED:
		return OWNER_UNDECIDED;
	case VERDICT_NO:
		return OWNER_UNKNOWN;
	case VERDICT_YES:
		break;
	}
	request->user = out->user_id;
	if (config->check_user_is_active && !out->active)
		return OWNER_INACTIVE;
	if (config->check_revoke_token && !password_unchanged(request, context, claims, out))
		return OWNER_CHANGED;
	return OWNER_GOOD;
}

enum wire
gate_owner(struct request *request, const struct context *context, enum token_kind kind,
    struct json *claims, struct account *out)
{
	const struct config *config = context->config;

	*out = (struct account){.key = NULL};
	if (config->compat == COMPAT_5_2 ||
	    (kind == TOKEN_SLIDING && config->compat != COMPAT_HEAD))
		return WIRE_OK;
	switch (gate_judge_owner(request, context, claims, out)) {
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
	    gate_blacklist(request, context, claims, out->key) == WIRE_UNAVAILABLE)
		return WIRE_UNAVAILABLE;
	return WIRE_PASSWORD_CHANGED_REFRESH;
}

enum wire
gate_find_owner(const struct request *request, const struct context *context,
    const struct json *claims, struct account *out)
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

static enum wire
list(const struct request *request, const struct context *context, const struct json *claims,
    const char *token, const char *key, bool created_now)
{
	struct claims_context judged = context_claims(request, context);
	enum verdict listed = VERDICT_UNDECIDED;

	if (token != NULL)
		listed = issue_list(&judged, context->accounts, claims, token, key, created_now);
	switch (listed) {
	case VERDICT_YES:
		return WIRE_OK;
	case VERDICT_NO:
		return WIRE_TOKEN_INVALID;
	default:
		return WIRE_UNAVAILABLE;
	}
}

enum wire
gate_list(const struct request *request, const struct context *context, struct json *claims,
    const char *token, const char *key)
{
	return list(request, context, claims, token, key, true);
}

/* SimpleJWT before 5.4 knew nothing of a token that it had not listed at its issue. */
enum wire
gate_list_old(const struct request *request, const struct context *context, struct json *claims,
    const char *key)
{
	struct claims_context judged = context_claims(request, context);
	const char *token = claims_sign(&judged, claims);
	bool knows = context->config->compat != COMPAT_5_2;

	return list(request, context, claims, token, knows ? key : NULL, knows);
}

enum wire
gate_end(const struct request *request, const struct context *context, const struct json *claims)
{
	struct claims_context judged = context_claims(request, context);

	switch (token_blacklist(context->accounts, request->arena, claims_jti(&judged, claims))) {
	case VERDICT_YES:
		return WIRE_OK;
	case VERDICT_NO:
		return WIRE_TOKEN_BLACKLISTED;
	default:
		return WIRE_UNAVAILABLE;
	}
}

enum wire
gate_blacklist(const struct request *request, const struct context *context, struct json *claims,
    const char *key)
{
	enum wire listed = gate_list_old(request, context, claims, key);

	return listed == WIRE_OK ? gate_end(request, context, claims) : listed;
}

/* A token of that kind for an account, listed where the tables are used. */
static enum wire
issue(struct request *request, const struct context *context, enum token_kind kind,
    const struct account *account, struct json **claims, const char **token)
{
	struct claims_context made = context_claims(request, context);

	*token = issue_token(&made, kind, account, claims);
	if (*token == NULL)
		return WIRE_UNAVAILABLE;
	if (!issue_lists(context->config, kind))
		return WIRE_OK;
	return gate_list(request, context, *claims, *token, account->key);
}

void
gate_login_fields(const struct config *config, struct field *fields)
{
	fields[0] = (struct field){.name = config->username_field};
	fields[1] = (struct field){.name = "password", .exact = !config->password_trim};
}

struct context *
gate_login_open(struct context *context)
{
	if (context == NULL || !context->config->throttle)
		return context;
	context->throttle = throttle_open(context->config);
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
	return reply_refuse(
	    request, verdict == VERDICT_NO ? WIRE_NO_ACCOUNT : WIRE_UNAVAILABLE, NULL);
}

struct reply
gate_login(struct request *request, const struct context *context, enum token_kind kind,
    struct json **claims, const char **token)
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
