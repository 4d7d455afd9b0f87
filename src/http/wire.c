#include "http/wire.h"

#define NOT_VALID "token_not_valid"

/*
 * Clients compare codes and sentences, so those not marked as ours are byte for byte what SimpleJWT
 * and Django REST framework answer: tests/wire has answers recorded from them. wire_detail() has
 * two sentences of another release, nginx/auth_request.conf a copy of two.
 */
static const struct wire_text texts[WIRE_LAST] = {
    [WIRE_OK] = {"ok", 200, NULL, NULL},
    [WIRE_PARSE_ERROR] = {"parse-error", 400, NULL, "{}"},
    [WIRE_FIELD_ERRORS] = {"field-errors", 400, NULL, NULL},
    [WIRE_BAD_REQUEST] = {"bad-request", 400, NULL, "Bad request."}, /* ours */
    [WIRE_ORIGIN] = {"origin", 403, NULL,
	"The refresh cookie is not for requests of this origin."}, /* ours */
    [WIRE_FORBIDDEN] = {"no-permission", 403, NULL,
	"You do not have permission to perform this action."},
    [WIRE_NOT_FOUND] = {"not-found", 404, NULL, "Not found."},
    [WIRE_METHOD] = {"method", 405, NULL, "Method \"{}\" not allowed."},
    [WIRE_NOT_ACCEPTABLE] = {"not-acceptable", 406, NULL,
	"Could not satisfy the request Accept header."},
    [WIRE_TOO_LARGE] = {"too-large", 413, NULL, "Request body is too large."}, /* ours */
    [WIRE_MEDIA_TYPE] = {"media-type", 415, NULL, "Unsupported media type \"{}\" in request."},
    [WIRE_HEADERS_TOO_LARGE] = {"headers-too-large", 431, NULL,
	"Request headers are too large."}, /* ours */

    [WIRE_NO_ACCOUNT] = {"no-account", 401, NULL,
	"No active account found with the given credentials"},
    [WIRE_NO_ACCOUNT_FOR_TOKEN] = {"no-account", 401, NULL,
	"No active account found for the given token."},
    [WIRE_NOT_PROVIDED] = {"no-token", 401, NULL, "Authentication credentials were not provided."},
    [WIRE_BAD_AUTHORIZATION] = {"bad-authorization", 401, "bad_authorization_header",
	"Authorization header must contain two space-delimited values"},
    [WIRE_NO_USER_ID] = {"no-user-id", 401, NOT_VALID,
	"Token contained no recognizable user identification"},
    [WIRE_USER_NOT_FOUND] = {"user-not-found", 401, "user_not_found", "User not found"},
    [WIRE_USER_INACTIVE] = {"user-inactive", 401, "user_inactive", "User is inactive"},
    [WIRE_PASSWORD_CHANGED] = {"password-changed", 401, "password_changed",
	"The user's password has been changed."},
    [WIRE_PASSWORD_CHANGED_REFRESH] = {"password-changed", 401, NULL,
	"The user's password has been changed."},

    [WIRE_TOKEN_INVALID] = {"token-invalid", 401, NOT_VALID, "Token is invalid"},
    [WIRE_TOKEN_EXPIRED] = {"token-expired", 401, NOT_VALID, "Token is expired"},
    [WIRE_TOKEN_NO_EXP] = {"token-no-exp", 401, NOT_VALID, "Token has no 'exp' claim"},
    [WIRE_TOKEN_NO_REFRESH_EXP] = {"token-no-exp", 401, NOT_VALID, "Token has no '{}' claim"},
    [WIRE_TOKEN_REFRESH_EXPIRED] = {"token-expired", 401, NOT_VALID,
	"Token '{}' claim has expired"},
    [WIRE_TOKEN_NO_ID] = {"token-no-id", 401, NOT_VALID, "Token has no id"},
    [WIRE_TOKEN_NO_TYPE] = {"token-no-type", 401, NOT_VALID, "Token has no type"},
    [WIRE_TOKEN_WRONG_TYPE] = {"token-wrong-type", 401, NOT_VALID, "Token has wrong type"},
    [WIRE_TOKEN_BLACKLISTED] = {"token-blacklisted", 401, NOT_VALID, "Token is blacklisted"},
    [WIRE_GIVEN_TOKEN] = {"token-refused", 401, NOT_VALID,
	"Given token not valid for any token type"},

    [WIRE_THROTTLED] = {"throttled", 429, "throttled",
	"Request was throttled. Expected available in {} seconds."},
    [WIRE_UNAVAILABLE] = {"unavailable", 503, "unavailable",
	"The service is unavailable for the moment."}, /* ours */

    /* Ours except the codes. No quotes or backslashes (RFC 6749 section 5.2). */
    [WIRE_OAUTH_BODY] = {"oauth-request", 400, "invalid_request",
	"The body is not application/x-www-form-urlencoded text in UTF-8."},
    [WIRE_OAUTH_MISSING] = {"oauth-request", 400, "invalid_request", "{} is missing."},
    [WIRE_OAUTH_REPEATED] = {"oauth-request", 400, "invalid_request",
	"{} is there more than once."},
    [WIRE_OAUTH_TOO_LONG] = {"oauth-request", 400, "invalid_request", "{} is too long."},
    [WIRE_OAUTH_TWO_WAYS] = {"oauth-request", 400, "invalid_request",
	"Credentials are given in two ways at once."},
    [WIRE_OAUTH_CLIENT] = {"oauth-client", 401, "invalid_client",
	"The client is unknown, or its credentials are missing or wrong."},
    /* No RFC defines a code for this; clients retry after temporarily_unavailable. */
    [WIRE_OAUTH_THROTTLED] = {"throttled", 429, "temporarily_unavailable",
	"Too many wrong client secrets. Try again in {} seconds."},
    [WIRE_OAUTH_GRANT_TYPE] = {"oauth-grant-type", 400, "unsupported_grant_type",
	"grant_type is neither authorization_code nor refresh_token."},
    [WIRE_OAUTH_CODE] = {"oauth-code", 400, "invalid_grant",
	"The code is unknown, expired or used, or does not belong to client, redirect_uri and "
	"code_verifier, or the user may not log in any more."},
    [WIRE_OAUTH_REFRESH] = {"oauth-refresh", 400, "invalid_grant",
	"The refresh token is invalid, expired, used or revoked, or belongs to another client."},
    [WIRE_OAUTH_SCOPE] = {"oauth-scope", 400, "invalid_scope",
	"The scope is more than was granted."},
    [WIRE_OAUTH_HEADER] = {"oauth-request", 400, "invalid_request",
	"The Authorization header is not Bearer and one access token."},
    [WIRE_OAUTH_TOKEN] = {"oauth-token", 401, "invalid_token",
	"The access token is invalid, expired or revoked."},
    [WIRE_OAUTH_SCOPE_MISSING] = {"oauth-scope", 403, "insufficient_scope",
	"The access token does not have the scope openid."},
};

const struct wire_text *
wire_text(enum wire wire)
{
	return &texts[wire];
}

bool
wire_is_oauth(enum wire wire)
{
	return wire >= WIRE_OAUTH_BODY;
}

enum wire
wire_of_verdict(enum verdict verdict, enum wire no)
{
	return verdict == VERDICT_YES ? WIRE_OK : verdict == VERDICT_NO ? no : WIRE_UNAVAILABLE;
}

const char *
wire_detail(enum wire wire, enum compat compat)
{
	if (compat == COMPAT_5_2 && (wire == WIRE_TOKEN_INVALID || wire == WIRE_TOKEN_EXPIRED))
		return "Token is invalid or expired";
	return texts[wire].detail;
}

const char *
wire_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {{200, "OK"}, {204, "No Content"}, {303, "See Other"}, {304, "Not Modified"},
	    {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
	    {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {413, "Request Entity Too Large"},
	    {415, "Unsupported Media Type"}, {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"}, {503, "Service Unavailable"}};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Internal Server Error";
}
