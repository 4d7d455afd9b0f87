#include "endpoints/outstanding.h"

#include "accounts/blacklist.h"

#include <string.h>

#define JTI_MAXIMUM 255 /* of the column */

bool
outstanding_takes(const struct config *config, enum token_kind kind)
{
	return config->token_blacklist && (kind == TOKEN_REFRESH || kind == TOKEN_SLIDING);
}

enum verdict
outstanding_list(const struct claims_context *signing, struct accounts *accounts,
    struct json_object *claims, const char *token, const char *key, bool created_now)
{
	struct listed_token record = {.jti = claims_jti(signing, claims),
	    .token = token,
	    .user_key = key,
	    .created_now = created_now};

	if (record.jti == NULL || strlen(record.jti) > JTI_MAXIMUM)
		return VERDICT_NO;
	claims_time(claims, "exp", &record.expires_at);
	return blacklist_list(accounts, signing->arena, &record);
}

static enum wire
list(const struct request *request, const struct context *context, struct json_object *claims,
    const char *token, const char *key, bool created_now)
{
	struct claims_context signing = context_claims(request, context);
	enum verdict listed = VERDICT_UNDECIDED;

	if (token != NULL)
		listed =
		    outstanding_list(&signing, context->accounts, claims, token, key, created_now);
	return wire_of_verdict(listed, WIRE_TOKEN_INVALID);
}

enum wire
outstanding_add(const struct request *request, const struct context *context,
    struct json_object *claims, const char *token, const char *key)
{
	return list(request, context, claims, token, key, true);
}

/* SimpleJWT before 5.4 stored neither owner nor time of a token that it had not listed when it was
 * issued. */
enum wire
outstanding_add_old(const struct request *request, const struct context *context,
    struct json_object *claims, const char *key)
{
	struct claims_context signing = context_claims(request, context);
	const char *token = claims_sign(&signing, claims);
	bool links = context->config->compat != COMPAT_5_2;

	return list(request, context, claims, token, links ? key : NULL, links);
}

enum wire
outstanding_end(
    const struct request *request, const struct context *context, struct json_object *claims)
{
	struct claims_context signing = context_claims(request, context);

	return wire_of_verdict(
	    blacklist_add(context->accounts, request->arena, claims_jti(&signing, claims)),
	    WIRE_TOKEN_BLACKLISTED);
}

enum wire
outstanding_blacklist(const struct request *request, const struct context *context,
    struct json_object *claims, const char *key)
{
	enum wire listed = outstanding_add_old(request, context, claims, key);

	return listed == WIRE_OK ? outstanding_end(request, context, claims) : listed;
}
