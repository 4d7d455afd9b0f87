#include "config/claim_names.h"

#include "base/bytes.h"
#include "base/log.h"

#include <string.h>
#include <strings.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool
names_differ(const struct config *config)
{
	const char *names[] = {"exp", "iat", "nbf", "aud", "iss", config->token_type_claim,
	    config->user_id_claim, config->jti_claim, config->revoke_token_claim,
	    config->sliding_token_refresh_exp_claim,
	    config->sessions ? config->session_id_claim : NULL,
	    config->sessions ? config->session_generation_claim : NULL};
	size_t count = sizeof(names) / sizeof(*names);
	bool good = true;

	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++)
			if (names[i] != NULL && names[k] != NULL &&
			    strcmp(names[i], names[k]) == 0) {
				log_error("two claims are named \"%s\": change one JWT_..._CLAIM",
				    names[i]);
				good = false;
			}
	return good;
}

/* Whether both names become the same CGI variable: '_' equals '-', and case is ignored. */
static bool
is_same_header(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if (!(strchr("-_", *a) != NULL && strchr("-_", *b) != NULL) &&
		    strncasecmp(a, b, 1) != 0)
			return false;
	return *a == *b;
}

/* AUTH_TYPE is one of CGI's own variables (RFC 3875 section 4.1.1). */
static const char *
header_fault(const char *const *words, size_t at)
{
	static const char *const taken[] = {"user-id", "username", "token-id", "claims", "type"};

	if (strspn(words[at], LETTERS) == 0 ||
	    words[at][strspn(words[at], LETTERS "0123456789_-")] != '\0')
		return "cannot be the name of a header";
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (is_same_header(words[at], taken[i]))
			return "has the name of another header of auth_check or of CGI";
	for (size_t i = 0; i < at; i++)
		if (is_same_header(words[at], words[i]))
			return "has the header of another one";
	return NULL;
}

static bool
headers_agree(struct arena *arena, const char *const *words)
{
	bool good = true;

	for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
		const char *fault = header_fault(words, i);

		if (fault != NULL)
			log_error("JWT_CLAIMS_HEADERS: %s %s", log_quote(arena, bytes_of(words[i])),
			    fault);
		good = good && fault == NULL;
	}
	return good;
}

bool
claim_names_agree(struct arena *arena, const struct config *config)
{
	bool good = headers_agree(arena, config->claims_headers);

	return names_differ(config) && good;
}

/* With OpenID Connect also the claims that mark an access token as a client's. */
bool
claim_names_reserved(const struct config *config, const char *name)
{
	const char *names[] = {"exp", "iat", "nbf", "aud", "iss", "sub", "jti",
	    config->token_type_claim, config->user_id_claim, config->jti_claim,
	    config->revoke_token_claim, config->sliding_token_refresh_exp_claim,
	    config->session_id_claim, config->session_generation_claim};
	static const char *const of_clients[] = {"client_id", "scope", "auth_time", NULL};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i] != NULL && strcmp(name, names[i]) == 0)
			return true;
	return config->oidc_issuer != NULL && bytes_among(bytes_of(name), of_clients);
}
