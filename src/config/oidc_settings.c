#include "config/oidc_settings.h"

#include "base/bytes.h"
#include "base/log.h"

#include <string.h>

#define HTTPS     "https://"
#define HTTP      "http://"
#define AUTHORITY "abcdefghijklmnopqrstuvwxyz0123456789.-:[]"
#define PATH      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&()*+,;=:@%/"

const char *const oidc_settings_scopes[] = {"openid", "profile", "email", "offline_access", NULL};

static bool
begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Whether host[:port] is this host; names other than localhost may resolve to another. */
static bool
is_loopback(struct bytes authority)
{
	static const char *const hosts[] = {"127.0.0.1", "[::1]", "localhost"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		size_t length = strlen(hosts[i]);

		if (authority.length >= length && begins(authority.data, hosts[i]) &&
		    (authority.length == length || authority.data[length] == ':'))
			return true;
	}
	return false;
}

/* Why an issuer is invalid (OpenID Connect Discovery 1.0, section 3), or NULL. */
static const char *
fault_of(const char *issuer)
{
	bool https = begins(issuer, HTTPS);
	struct bytes authority;

	if (!https && !begins(issuer, HTTP))
		return "is not an https URL";
	if (strpbrk(issuer, "?#") != NULL)
		return "has a query or a fragment";
	issuer += strlen(https ? HTTPS : HTTP);
	authority = (struct bytes){issuer, strcspn(issuer, "/")};
	if (memchr(issuer, '@', authority.length) != NULL)
		return "has user information";
	if (authority.length == 0 || *issuer == ':' || strspn(issuer, AUTHORITY) < authority.length)
		return "has no host in lower case, as browsers write it";
	if (issuer[authority.length + strspn(issuer + authority.length, PATH)] != '\0')
		return "has a character that no path of a URL has";
	if (!https && !is_loopback(authority))
		return "is http, which only 127.0.0.1, [::1] and localhost may be";
	return NULL;
}

/* RFC 6749 section 3.3. Commas separate the words of the setting. */
static bool
is_scope(const char *word)
{
	if (bytes_among(bytes_of(word), oidc_settings_scopes))
		return false;
	for (; *word > ' ' && *word <= '~' && *word != '"' && *word != '\\'; word++)
		continue;
	return *word == '\0';
}

static bool
scopes_are_good(struct arena *arena, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		if (!is_scope(*words)) {
			log_error("JWT_OIDC_SCOPES: %s cannot be the name of a scope, or is one of "
				  "OpenID Connect itself",
			    log_quote(arena, bytes_of(*words)));
			return false;
		}
	return true;
}

bool
oidc_settings_agree(struct arena *arena, const struct config *config)
{
	const char *fault;

	if (config->oidc_issuer == NULL)
		return true;
	fault = fault_of(config->oidc_issuer);
	if (fault != NULL)
		log_error("JWT_OIDC_ISSUER %s", fault);
	return scopes_are_good(arena, config->oidc_scopes) && fault == NULL;
}
