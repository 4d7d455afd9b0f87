#include "endpoints/issue.h"

#include "accounts/blacklist.h"
#include "endpoints/session.h"

#include <string.h>

#define JTI_MAXIMUM 255 /* of the column */

bool
issue_lists(const struct config *config, enum token_kind kind)
{
	return config->token_blacklist && (kind == TOKEN_REFRESH || kind == TOKEN_SLIDING);
}

const char *
issue_token(const struct claims_context *context, enum token_kind kind,
    const struct account *account, const struct session *session, struct json_object *custom,
    struct json_object **claims)
{
	const struct config *config = context->config;

	*claims = claims_new(context, kind);
	if (*claims == NULL)
		return NULL;
	claims_put_user(context, *claims, account->user_id, account->user_id_integer);
	if (session != NULL)
		session_write(context, *claims, session);
	if (config->check_revoke_token)
		json_put_text(*claims, config->revoke_token_claim,
		    account_password_digest(context->arena, account));
	json_put_members(*claims, custom);
	return claims_sign(context, *claims);
}

enum verdict
issue_list(const struct claims_context *context, struct accounts *accounts,
    struct json_object *claims, const char *token, const char *key, bool created_now)
{
	struct listed_token record = {.jti = claims_jti(context, claims),
	    .token = token,
	    .user_key = key,
	    .created_now = created_now};

	if (record.jti == NULL || strlen(record.jti) > JTI_MAXIMUM)
		return VERDICT_NO;
	claims_time(claims, "exp", &record.expires_at);
	return blacklist_list(accounts, context->arena, &record);
}
