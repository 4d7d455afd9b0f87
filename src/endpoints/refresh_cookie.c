#include "endpoints/refresh_cookie.h"

#include "http/cookie.h"
#include "signing/claims.h"

#include <inttypes.h>

static bool
is_on(const struct request *request)
{
	return request->config->refresh_cookie != REFRESH_COOKIE_OFF;
}

/* Browsers accept a cookie named __Host-… over https only, and send it to this host only. */
static const char *
name_of(const struct request *request)
{
	return request->config->refresh_cookie == REFRESH_COOKIE_INSECURE ? "jwt_refresh"
									  : "__Host-jwt_refresh";
}

static enum cookie_origin
origin_of(const struct request *request)
{
	return cookie_judge_origin(request, request->config->refresh_cookie_origins);
}

struct reply
refresh_cookie_admit(struct request *request, struct context *context)
{
	(void)context;
	if (is_on(request) && origin_of(request) == COOKIE_ORIGIN_OTHER)
		return reply_refuse(request, WIRE_ORIGIN, NULL);
	return reply_none();
}

static struct reply
refuse_missing(struct request *request)
{
	struct json_object *errors = json_new_object(request->arena);

	json_put_text(json_put_array(errors, "refresh"), NULL, "This field is required.");
	return reply_field_errors(request, errors);
}

struct reply
refresh_cookie_token(struct request *request, struct bytes *token, bool *from_cookie)
{
	enum cookie_found found;

	*token = request->values[0];
	*from_cookie = is_on(request) && token->length == 0;
	if (!*from_cookie)
		return reply_none();
	found = cookie_find(request->cookie, name_of(request), token);
	if (found == COOKIE_NONE)
		return refuse_missing(request);
	if (origin_of(request) != COOKIE_ORIGIN_ALLOWED)
		return reply_refuse(request, WIRE_ORIGIN, NULL);
	if (found == COOKIE_REFUSED)
		return reply_refuse(request, WIRE_BAD_REQUEST, NULL);
	return reply_none();
}

/* seconds: how long the browser keeps it; 0 deletes it. */
static void
set(struct request *request, struct reply *reply, const char *token, int64_t seconds)
{
	bool secure = request->config->refresh_cookie != REFRESH_COOKIE_INSECURE;

	reply_header(request, reply, "Set-Cookie",
	    arena_printf(request->arena,
		"%s=%s; Max-Age=%" PRId64 "; Path=/; HttpOnly; %sSameSite=Strict", name_of(request),
		token, seconds, secure ? "Secure; " : ""));
}

void
refresh_cookie_set(struct request *request, struct reply *reply, struct json_object *refresh,
    const char *refresh_token)
{
	int64_t exp = 0;

	claims_time(refresh, "exp", &exp);
	set(request, reply, refresh_token, exp > request->now ? exp - request->now : 0);
}

void
refresh_cookie_clear(struct request *request, struct reply *reply)
{
	if (is_on(request))
		set(request, reply, "", 0);
}
