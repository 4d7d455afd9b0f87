#include "oidc/browser.h"

#include "base/b64url.h"
#include "base/crypto.h"
#include "http/cookie.h"

#include <openssl/crypto.h>

#define SESSION "oidc"
#define FORM    "oidc-form"
#define HTTPS   "https://"

static bool
is_secure(const struct request *request)
{
	return strncmp(request->config->oidc_issuer, HTTPS, strlen(HTTPS)) == 0;
}

/* Browsers accept a cookie named __Host-… over https only, and send it to this host only. */
static const char *
name_of(const struct request *request, const char *name)
{
	return arena_printf(request->arena, "%s%s", is_secure(request) ? "__Host-" : "", name);
}

/* The value of a Set-Cookie header. */
static const char *
cookie_of(const struct request *request, const char *name, const char *value, const char *more)
{
	return arena_printf(request->arena, "%s=%s; Path=/; HttpOnly; %sSameSite=Lax%s",
	    name_of(request, name), value, is_secure(request) ? "Secure; " : "", more);
}

enum verdict
browser_session(struct request *request, struct sessions *sessions, struct provider_session *out)
{
	struct bytes cookie;

	if (cookie_find(request->cookie, name_of(request, SESSION), &cookie) != COOKIE_FOUND)
		return VERDICT_NO;
	return provider_session_find(sessions, request->arena, cookie, out);
}

bool
browser_session_claimed(struct request *request, struct provider_session *out)
{
	struct bytes cookie;

	return cookie_find(request->cookie, name_of(request, SESSION), &cookie) == COOKIE_FOUND &&
	       provider_session_claim(request->arena, cookie, out);
}

enum verdict
browser_renew(struct request *request, struct sessions *sessions, const struct account *account,
    const struct device *device, struct provider_session *out, const char **cookie)
{
	struct provider_session former;
	enum verdict found = browser_session(request, sessions, &former);

	if (found == VERDICT_YES)
		found = provider_session_end(sessions, request->arena, &former);
	return found == VERDICT_UNDECIDED
		   ? found
		   : provider_session_begin(sessions, request->arena, account, device, out, cookie);
}

void
browser_set_session(struct request *request, struct reply *reply, const char *cookie)
{
	reply_header(request, reply, "Set-Cookie",
	    cookie == NULL ? cookie_of(request, SESSION, "", "; Max-Age=0")
			   : cookie_of(request, SESSION, cookie, ""));
}

static const char *
csrf_of(struct request *request, struct bytes cookie, const char *bound)
{
	const char *input = arena_printf(request->arena, "csrf %s %.*s", bound == NULL ? "" : bound,
	    (int)cookie.length, cookie.data);
	unsigned char hash[SHA256_DIGEST_LENGTH];

	crypto_sha256(bytes_of(input), hash);
	return b64url_text(request->arena, (struct bytes){(const char *)hash, sizeof(hash)});
}

const char *
browser_form(struct request *request, const char *bound, const char **set_cookie)
{
	struct bytes cookie;
	unsigned char random[CRYPTO_ID_BYTES];
	const char *made;

	*set_cookie = NULL;
	if (cookie_find(request->cookie, name_of(request, FORM), &cookie) == COOKIE_FOUND)
		return csrf_of(request, cookie, bound);
	if (!crypto_random(random, sizeof(random)))
		return NULL;
	made = b64url_text(request->arena, (struct bytes){(const char *)random, sizeof(random)});
	*set_cookie = cookie_of(request, FORM, made, "");
	return csrf_of(request, bytes_of(made), bound);
}

/*
 * Whether the browser says that the form is another site's (Sec-Fetch-Site, Origin). For our own
 * pages, whose Referrer-Policy is no-referrer, it may say "Origin: null".
 */
static bool
is_foreign(const struct request *request)
{
	const char *issuer = request->config->oidc_issuer, *origin = request->origin;
	size_t length = strlen(is_secure(request) ? HTTPS : "http://");

	if (request->fetch_site != NULL && strcmp(request->fetch_site, "same-origin") != 0 &&
	    strcmp(request->fetch_site, "none") != 0)
		return true;
	length += strcspn(issuer + length, "/");
	return origin != NULL && strcmp(origin, "null") != 0 &&
	       !bytes_equal((struct bytes){issuer, length}, origin);
}

bool
browser_sent_form(struct request *request, const char *bound, const char *csrf)
{
	struct bytes cookie;
	const char *right;

	if (csrf == NULL || is_foreign(request) ||
	    cookie_find(request->cookie, name_of(request, FORM), &cookie) != COOKIE_FOUND)
		return false;
	right = csrf_of(request, cookie, bound);
	return strlen(csrf) == strlen(right) && CRYPTO_memcmp(csrf, right, strlen(right)) == 0;
}
