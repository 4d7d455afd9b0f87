#include "endpoints/issue.h"

#include <string.h>

#define JTI_MAXIMUM 255 /* of the column */

bool
issue_lists(const struct config *config, enum token_kind kind)
{
	return config->token_blacklist && (kind == TOKEN_REFRESH || kind == TOKEN_SLIDING);
}

/* The user id as this release of SimpleJWT writes it: before 5.5 a number where it is one. */
static struct json *
user_claim(const struct claims_context *context, const struct account *account)
{
	if (account->user_id_integer && context->config->compat == COMPAT_5_2)
		return claims_integer(context->arena, account->user_id);
	return claims_string(context->arena, bytes_of(account->user_id));
}

const char *
issue_token(const struct claims_context *context, enum token_kind kind,
    const struct account *account, struct json **claims)
{
	const struct config *config = context->config;

	*claims = claims_new(context, kind);
	if (*claims == NULL)
		return NULL;
	claims_set(*claims, bytes_of(config->user_id_claim), user_claim(context, account));
	if (config->check_revoke_token)
		claims_set(*claims, bytes_of(config->revoke_token_claim),
		    claims_string(context->arena,
			bytes_of(account_password_digest(context->arena, account))));
	return claims_sign(context, *claims);
}

enum verdict
issue_list(const struct claims_context *context, struct accounts *accounts,
    const struct json *claims, const char *token, const char *key, bool created_now)
{
	struct token_record record = {.jti = claims_jti(context, claims),
	    .token = token,
	    .user_key = key,
	    .created_now = created_now};

	if (record.jti == NULL || strlen(record.jti) > JTI_MAXIMUM)
		return VERDICT_NO;
	claims_time(claims, "exp", &record.expires_at);
	return token_outstanding(accounts, context->arena, &record);
}
